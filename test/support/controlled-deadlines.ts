import { controlDeadlines } from './deadlines.js'

// A setup file of every test.
controlDeadlines()
