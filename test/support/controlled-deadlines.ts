import { register } from 'prom-client'
import { controlDeadlines, dropDeadlines } from './deadlines.js'

// A setup file of every test. Test files share a process, and a program of an earlier one may have left a timer.
dropDeadlines()
register.clear()
controlDeadlines()
