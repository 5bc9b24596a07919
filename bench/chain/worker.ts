import { answerMessages } from '../../test/support/processes/child.js'
import { race } from './race.js'

// Measures the contenders of one framework in one process.
answerMessages(race)
