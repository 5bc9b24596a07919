import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'

/**
 * A setup file of every test: no server closes a connection because it was idle. Node's servers do so after 5 s, and a
 * client that sends its next request in that moment gets a reset: on a busy machine it would decide a test.
 */
subscribe('http.server.request.start', (message) => {
  const { server } = message as { readonly server: Server }
  server.keepAliveTimeout = 0
})
