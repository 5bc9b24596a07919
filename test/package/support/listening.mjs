// Loaded before a program: prints each port on which the program listens, as soon as it accepts connections.
import { subscribe } from 'node:diagnostics_channel'

subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  process.stdout.write(`[listens on ${server.address().port}]\n`)
})
