import { describeLog } from './contract.ts'
import { MemoryLog } from './memory.ts'

describeLog('memory', async (_t, clock) => new MemoryLog(clock))
