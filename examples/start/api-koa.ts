import Router from '@koa/router'
import Koa from 'koa'
import { accessToken, guard } from 'm2m-guard/koa'
import { listen } from './listen.js'
import { routes, type Api, type ApiOptions } from './routes.js'

/** The API in Koa. */
export function startKoa({ verifier, port }: ApiOptions): Promise<Api> {
  const app = new Koa()
  const router = new Router()
  router.get('/health', (context) => {
    context.body = { status: 'ok' }
  })
  for (const [path, policy] of routes) {
    router.get(path, guard(verifier, policy), (context) => {
      context.body = { path, client: accessToken(context).clientId }
    })
  }
  app.use(router.routes())
  const handle = app.callback()
  return listen((request, response) => void handle(request, response), port)
}
