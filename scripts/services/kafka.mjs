/**
 * One Kafka node, broker and controller in one (KRaft), from the jars that Maven Central has. Sized for two cores
 * and tests: a record is acknowledged once it is in the log, which Kafka leaves to the system to sync, as a
 * production broker does.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from '../child.mjs'
import { answersWith } from './answers.mjs'
import { findProgram, installPackages } from './programs.mjs'
import { SERVICES_FOLDER } from './service.mjs'

const VERSION = '4.3.0'
/** Kafka comes without one, and stays silent. Of the version of its own log4j-core. */
const LOG_BINDING_VERSION = '2.25.4'
const JARS = join(SERVICES_FOLDER, 'kafka', VERSION)
const HEAP = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError']

const java = () => findProgram('java')
const maven = () => findProgram('mvn')

/** @type {import('./service.mjs').Service} */
export const kafka = {
  name: 'kafka',
  /** The controller listens on the port after it. */
  port: 19092,
  url: (port) => `127.0.0.1:${port}`,
  isInstalled: () => java() !== undefined && existsSync(JARS),
  install,
  launch,
  isReady: ({ port }) => answersWith(port, METADATA_REQUEST, namesABroker),
}

async function install() {
  const missing = [
    ...(java() === undefined ? ['default-jre-headless'] : []),
    ...(maven() === undefined ? ['maven'] : []),
  ]
  if (missing.length > 0) await installPackages(missing)
  if (existsSync(JARS)) return
  const unfinished = `${JARS}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'pom.xml'), POM)
  await runQuietly(
    maven(),
    ['-B', '-q', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=.'],
    { cwd: unfinished },
  )
  renameSync(unfinished, JARS)
}

/**
 * A second broker of the cluster whose only controller is a {@link kafka} at that place.
 * @param {import('./service.mjs').Place} first
 * @returns {import('./service.mjs').Service}
 */
export function kafkaBeside(first) {
  const cluster = readFileSync(join(first.folder, 'data/meta.properties'), 'utf8')
  const id = /^cluster\.id=(.+)$/m.exec(cluster)?.[1]
  const own = {
    'process.roles': 'broker',
    'node.id': 2,
    'controller.quorum.voters': `1@127.0.0.1:${first.port + 1}`,
  }
  return { ...kafka, launch: (place) => launchNode(place, id, own) }
}

function launch(place) {
  return launchNode(place, clusterId(), {})
}

async function launchNode({ folder, port }, cluster, own) {
  const properties = join(folder, 'server.properties')
  const logging = join(folder, 'log4j2.properties')
  writeFileSync(properties, serverProperties(folder, port, own))
  writeFileSync(logging, LOGGING)
  const jvm = [...HEAP, `-Dlog4j2.configurationFile=${logging}`, '-cp', join(JARS, '*')]
  if (!existsSync(join(folder, 'data/meta.properties'))) {
    const format = ['format', '--ignore-formatted', '--cluster-id', cluster, '--config', properties]
    await runQuietly(java(), [...jvm, 'kafka.tools.StorageTool', ...format], { cwd: folder })
  }
  return { command: java(), args: [...jvm, 'kafka.Kafka', properties] }
}

/** Kafka writes its ids so, and takes a leading dash for an option. */
function clusterId() {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

function serverProperties(folder, port, own) {
  const isController = own['process.roles'] === undefined
  const listener = `PLAINTEXT://127.0.0.1:${port}`
  return lines({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${port + 1}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: isController ? `${listener},CONTROLLER://127.0.0.1:${port + 1}` : listener,
    'advertised.listeners': listener,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),

    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'default.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A broker that was killed is let in again once the session of its former life has ended.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 250,
    'group.initial.rebalance.delay.ms': 0,

    'log.segment.bytes': 64 * 1024 * 1024,
    // A file of this size is mapped for every segment that is written to.
    'log.index.size.max.bytes': 1024 * 1024,
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    ...own,
  })
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>spate</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG_BINDING_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`

/** Into server.log of the folder that the process runs in, 20 MB at most; what ends it also where a start looks. */
const LOGGING = lines({
  status: 'error',
  'appender.file.type': 'RollingFile',
  'appender.file.name': 'file',
  'appender.file.fileName': 'server.log',
  'appender.file.filePattern': 'server.log.%i',
  'appender.file.layout.type': 'PatternLayout',
  'appender.file.layout.pattern': '%d{ISO8601} %p %c: %m%n',
  'appender.file.policy.type': 'SizeBasedTriggeringPolicy',
  'appender.file.policy.size': '10MB',
  'appender.file.strategy.type': 'DefaultRolloverStrategy',
  'appender.file.strategy.max': 1,
  'appender.console.type': 'Console',
  'appender.console.name': 'console',
  'appender.console.layout.type': 'PatternLayout',
  'appender.console.layout.pattern': '%p %c: %m%n%throwable{short}',
  'appender.console.filter.threshold.type': 'ThresholdFilter',
  'appender.console.filter.threshold.level': 'error',
  'rootLogger.level': 'info',
  'rootLogger.appenderRef.file.ref': 'file',
  'rootLogger.appenderRef.console.ref': 'console',
})

function lines(properties) {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/**
 * Metadata v1 about no topic: size, key 3, version 1, correlation id 1, no client id, an empty array.
 * https://kafka.apache.org/protocol#The_Messages_Metadata
 */
const METADATA_REQUEST = Buffer.from('0000000e 0003 0001 00000001 ffff 00000000'.replaceAll(' ', ''), 'hex')

/** The answer is size, correlation id, array of brokers: none before the controller has let this one in. */
function namesABroker(answer) {
  return answer.length >= 12 && answer.readInt32BE(4) === 1 && answer.readInt32BE(8) >= 1
}
