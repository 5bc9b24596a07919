import { memoryRevocations } from '../../../src/index.js'
import { LONG_LIVED, testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'

export const bedWith = (options: TestBedOptions = {}): Promise<TestBed> =>
  testBed({ revocations: memoryRevocations(), mint: LONG_LIVED, ...options })

export const CLIENT = 'billing'
