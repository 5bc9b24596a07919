import { subscribe } from 'node:diagnostics_channel'
import type { AgentOptions, Server } from 'node:http'
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'

/**
 * A setup file of every test: neither server nor client closes a connection because it was idle. Node's servers do so after
 * 5 s, and a client that sends its next request in that moment gets a reset. Clients of the library do so after 4 s, and
 * then connect again. On a busy machine both would decide a test.
 */
subscribe('http.server.request.start', (message) => {
  const { server } = message as { readonly server: Server }
  server.keepAliveTimeout = 0
})

subscribe('http.client.request.start', (message) => {
  const { agent } = (message as { readonly request: { readonly agent?: { readonly options: AgentOptions } } })
    .request
  if (agent?.options.timeout !== undefined) agent.options.timeout = 0
})

// A host with addresses of both families: Node gives the first one 250 ms to connect, which a busy machine may exceed.
setDefaultAutoSelectFamilyAttemptTimeout(60_000)
