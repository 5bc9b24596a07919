import { answerMessages } from '../../test/support/child.js'
import { race } from './race.js'

// Measures the contenders of one framework in one process.
answerMessages(race)
