import fastify from 'fastify'
import { accessToken, m2mGuard } from 'm2m-guard/fastify'
import { routes, type Api, type ApiOptions } from './routes.js'

/** The API in Fastify. Each route is in its own scope, with the plugin and the route's policy. */
export async function startFastify({ verifier, port }: ApiOptions): Promise<Api> {
  const app = fastify({ forceCloseConnections: true })
  app.get('/health', () => ({ status: 'ok' }))
  for (const [path, policy] of routes) {
    await app.register(async (scope) => {
      await scope.register(m2mGuard, { verifier, policy })
      scope.get(path, (request) => ({ path, client: accessToken(request).clientId }))
    })
  }
  const url = await app.listen({ port, host: '127.0.0.1' })
  return { url, close: () => app.close() }
}
