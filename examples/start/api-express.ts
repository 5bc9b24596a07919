import express from 'express'
import { accessToken, guard } from 'm2m-guard/express'
import { listen } from './listen.js'
import { routes, type Api, type ApiOptions } from './routes.js'

/** The API in Express. */
export function startExpress({ verifier, port }: ApiOptions): Promise<Api> {
  const app = express()
  app.get('/health', (_request, response) => {
    response.json({ status: 'ok' })
  })
  for (const [path, policy] of routes) {
    app.get(path, guard(verifier, policy), (request, response) => {
      response.json({ path, client: accessToken(request).clientId })
    })
  }
  return listen(app, port)
}
