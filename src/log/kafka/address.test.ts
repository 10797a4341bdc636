import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpateError } from '../../base/errors.ts'
import { parseKafkaAddress } from './address.ts'

test('[L19] an address of a log in Kafka names its brokers, its prefix and how topics are made', () => {
  assert.deepEqual(parseKafkaAddress('kafka://a.example:9092/event'), {
    brokers: ['a.example:9092'],
    prefix: 'event',
    partitions: 16,
    replicas: undefined,
  })
  assert.deepEqual(parseKafkaAddress('kafka://10.0.0.1:1,[::1]:65535/my.event_1?partitions=4&replicas=2'), {
    brokers: ['10.0.0.1:1', '[::1]:65535'],
    prefix: 'my.event_1',
    partitions: 4,
    replicas: 2,
  })
})

test('[L19] what is no address of a log in Kafka is refused with what is expected', () => {
  for (const [text, words] of [
    ['kafka://a:9092', /kafka:\/\/host:port/],
    ['kafka://a/event', /kafka:\/\/host:port/],
    ['kafka://a:0/event', /kafka:\/\/host:port/],
    ['kafka://a:65536/event', /kafka:\/\/host:port/],
    ['kafka://a:1,/event', /kafka:\/\/host:port/],
    ['kafka://user:secret@a:1/event', /kafka:\/\/host:port/],
    ['kafka://a:1/two/parts', /kafka:\/\/host:port/],
    ['kafka://a:1/-event', /kafka:\/\/host:port/],
    ['kafka://a:1/event?partitions=0', /from 1 to 256, not 0/],
    ['kafka://a:1/event?partitions=x', /from 1 to 256, not x/],
    ['kafka://a:1/event?replicas=8', /from 1 to 7, not 8/],
    ['kafka://a:1/event?retention=1', /partitions or replicas, not retention/],
  ] as const) {
    assert.throws(
      () => parseKafkaAddress(text),
      (error) => error instanceof SpateError && error.code === 'invalid' && words.test(error.message),
      text,
    )
  }
})
