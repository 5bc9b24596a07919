import { register } from 'prom-client'
import { controlDeadlines, dropDeadlines } from './deadlines.js'
import { restorePlatformClasses } from './platform-classes.js'

// A setup file of every test. Test files share a process, and an earlier one may have left timers, metrics and classes.
dropDeadlines()
register.clear()
restorePlatformClasses()
controlDeadlines()
