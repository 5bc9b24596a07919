import type { ArgumentsHost, ExecutionContext } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as forExpress from '../../../adapters/express.js'
import type { NestRequest } from '../../../adapters/nestjs.js'
import type { AccessToken, DecisionEvent } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, observedVerifier, verifierFor } from '../support.js'
import { classWith, startNest, VERSIONS } from './apps.js'
import { loadNest, type Nest } from './majors.js'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createIssuer()
})

afterAll(() => issuer.close())

describe.each(VERSIONS)('Nest $major on $platform', ({ major, platform }) => {
  let nest: Nest

  beforeAll(async () => {
    nest = await loadNest(major)
  })

  const start = (metadata: Parameters<typeof startNest>[1], prepare?: Parameters<typeof startNest>[3]) =>
    startNest(nest, metadata, platform, prepare)

  /** A controller whose class and second handler have requirements. */
  const orders = () => {
    const { common, adapter } = nest
    return classWith([common.Controller('orders'), adapter.Scopes('orders:read')], {
      list: { decorators: [common.Get()] },
      refunds: { decorators: [common.Get('refunds'), adapter.Scopes('refunds:read')] },
      health: { decorators: [common.Get('health'), adapter.Public()] },
    })
  }

  it('the requirements of a class and a method must both hold, and @Public() on a method lifts them', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await start({
      imports: [nest.adapter.M2mGuardModule.forRoot({ verifier })],
      controllers: [orders()],
    })
    const statusOf = async (path: string, scopes: string) => (await app.get(path, withScopes(scopes))).status
    expect(await statusOf('/orders', 'orders:read')).toBe(200)
    expect(await statusOf('/orders', 'refunds:read')).toBe(403)
    expect(await statusOf('/orders/refunds', 'orders:read')).toBe(403)
    expect(await statusOf('/orders/refunds', 'refunds:read')).toBe(403)
    expect(await statusOf('/orders/refunds', 'orders:read refunds:read')).toBe(200)
    expect(events.at(-1)).toMatchObject({ required: ['orders:read', 'refunds:read'] })
    expect((await app.get('/orders/health')).status).toBe(200)
    expect(events).toHaveLength(5)
  })

  it('a decorator guards its route without APP_GUARD and @UseGuards()', async () => {
    const app = await start({
      imports: [nest.adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })],
      controllers: [orders()],
    })
    expect((await app.get('/orders')).status).toBe(401)
    expect((await app.get('/orders/refunds')).status).toBe(401)
  })

  it('a guard of the application, of the controller and of the decorators decide once, with one event', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const { common, core, adapter } = nest
    const controller = classWith(
      [
        common.Controller('orders'),
        common.UseGuards(adapter.M2mGuard),
        adapter.RequirePolicy({ maxTokenAge: '1h' }),
      ],
      {
        list: {
          decorators: [common.Get(), common.UseGuards(adapter.M2mGuard), adapter.Scopes('orders:read')],
        },
      },
    )
    const app = await start({
      imports: [adapter.M2mGuardModule.forRoot({ verifier })],
      providers: [{ provide: core.APP_GUARD, useClass: adapter.M2mGuard }],
      controllers: [controller],
    })
    for (const headers of [withScopes('orders:read'), withScopes('other'), {}])
      await app.get('/orders', headers)
    expect(stages(events)).toEqual(['guard accepted', 'guard refused', 'guard refused'])
  })

  it('a handler that two controllers inherit needs the scopes of both, if one passes the request on', async () => {
    const { common, adapter } = nest
    const next = common.Next()
    const base = classWith([], {
      read: {
        decorators: [common.Get('pass')],
        parameters: [next],
        run: (passOn: () => void) => {
          passOn()
        },
      },
    })
    const [First, Second] = ['orders:read', 'admin'].map((scope) => {
      const inheriting = class extends (base as new () => object) {}
      for (const decorate of [common.Controller(), adapter.Scopes(scope)]) decorate(inheriting)
      return inheriting
    })
    const starting = start({
      imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })],
      controllers: [First!, Second!],
    })
    // Fastify refuses a second route for the same path.
    if (platform === 'Fastify') return expect(starting).rejects.toThrow('already declared')
    const app = await starting
    expect((await app.get('/pass', withScopes('orders:read'))).status).toBe(403)
    expect((await app.get('/pass', withScopes('orders:read admin'))).status).toBe(404)
  })

  it('@Token() injects the token, and @Token({ optional: true }) undefined without one', async () => {
    const { common, core, adapter } = nest
    const clientOf = (token: AccessToken | undefined) => ({ client: token?.clientId ?? null })
    const controller = classWith([common.Controller()], {
      token: {
        decorators: [common.Get('token')],
        parameters: [adapter.Token()],
        run: (token: AccessToken) => clientOf(token),
      },
      optional: {
        decorators: [common.Get('optional')],
        parameters: [adapter.Token({ optional: true })],
        run: (token?: AccessToken) => clientOf(token),
      },
    })
    const app = await start({
      imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer), optional: true })],
      providers: [{ provide: core.APP_GUARD, useClass: adapter.M2mGuard }],
      controllers: [controller],
    })
    const headers = bearer(issuer.mintJwt({ clientId: 'billing' }))
    for (const path of ['/token', '/optional'])
      expect(await (await app.get(path, headers)).json()).toEqual({ client: 'billing' })
    expect(await (await app.get('/optional')).json()).toEqual({ client: null })
    expect((await app.get('/token')).status).toBe(500)
  })

  it('request-scoped providers read the token in their methods', async () => {
    const { common, core, adapter } = nest
    const Clients = classWith([common.Injectable({ scope: common.Scope.REQUEST })], {})
    common.Inject(core.REQUEST)(Clients.prototype as object, 'request')
    const controller = classWith([common.Controller('orders'), adapter.Scopes('orders:read')], {
      list: {
        decorators: [common.Get()],
        run(this: { readonly clients: { readonly request: NestRequest } }) {
          return { client: adapter.accessToken(this.clients.request).clientId }
        },
      },
    })
    common.Inject(Clients)(controller.prototype as object, 'clients')
    const app = await start({
      imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })],
      providers: [Clients],
      controllers: [controller],
    })
    for (const clientId of ['billing', 'shipping']) {
      const reply = await app.get('/orders', bearer(issuer.mintJwt({ clientId, scopes: 'orders:read' })))
      expect(await reply.json()).toEqual({ client: clientId })
    }
    expect((await app.get('/orders')).status).toBe(401)
  })

  it('forRootAsync() creates the options from other providers, once', async () => {
    const { common, adapter } = nest
    const settings = classWith(
      [common.Module({ providers: [{ provide: 'scope', useValue: 'orders:read' }], exports: ['scope'] })],
      {},
    )
    let calls = 0
    const module = adapter.M2mGuardModule.forRootAsync({
      imports: [settings],
      inject: ['scope'],
      useFactory: async (scope: string) => {
        calls += 1
        return Promise.resolve({ verifier: verifierFor(issuer), policy: { scopes: scope } })
      },
    })
    const controller = classWith([common.Controller('orders'), common.UseGuards(adapter.M2mGuard)], {
      list: { decorators: [common.Get()] },
    })
    const app = await start({ imports: [module], controllers: [controller] })
    expect((await app.get('/orders', withScopes('other'))).status).toBe(403)
    expect((await app.get('/orders', withScopes('orders:read'))).status).toBe(200)
    expect(calls).toBe(1)
  })

  it('exception filters receive an HttpException, and keep the headers of the refusal', async () => {
    const { common, core, adapter } = nest
    const seen: unknown[] = []
    const filter = classWith([common.Catch(common.HttpException)], {
      catch: {
        run(exception: InstanceType<typeof adapter.RefusalException>, host: ArgumentsHost) {
          seen.push(exception)
          const reply = host
            .switchToHttp()
            .getResponse<{ status(code: number): { send(body: object): void } }>()
          reply.status(exception.getStatus()).send({ code: exception.refusal.error ?? 'none' })
        },
      },
    })
    const app = await start({
      imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer), body: 'problem' })],
      providers: [{ provide: core.APP_FILTER, useClass: filter }],
      controllers: [orders()],
    })
    const reply = await app.get('/orders', withScopes('other'))
    expect([reply.status, await reply.json()]).toEqual([403, { code: 'insufficient_scope' }])
    expect(reply.headers.get('www-authenticate')).toContain('scope="orders:read"')
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect(seen[0]).toBeInstanceOf(adapter.RefusalException)
    issuer.fail('introspection', 'reset')
    const undecided = await app.get('/orders', bearer(issuer.mintOpaque()))
    issuer.heal()
    expect([undecided.status, undecided.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('the body and the headers of a refusal are those of the other adapters', async () => {
    const app = await start({
      imports: [nest.adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer), realm: 'orders' })],
      controllers: [orders()],
    })
    const reply = await app.get('/orders')
    expect(await reply.text()).toBe(
      '{"error":"unauthorized","error_description":"The request needs a valid access token."}',
    )
    const named = ['www-authenticate', 'content-type', 'cache-control'].map((name) => reply.headers.get(name))
    expect(named).toEqual(['Bearer realm="orders"', 'application/json; charset=utf-8', 'no-store'])
  })

  it('a guard of m2m-guard/express before Nest refuses unknown paths, and the token is verified once', async () => {
    const { verifier, events } = observedVerifier(issuer, { cache: false })
    const app = await start(
      { imports: [nest.adapter.M2mGuardModule.forRoot({ verifier })], controllers: [orders()] },
      (application) => {
        application.use(forExpress.guard(verifier))
      },
    )
    expect((await app.get('/nowhere')).status).toBe(401)
    events.length = 0
    await verifier.ready()
    issuer.resetCalls()
    const reply = await app.get('/orders', bearer(issuer.mintOpaque({ scopes: 'orders:read' })))
    expect([reply.status, issuer.calls.introspection]).toEqual([200, 1])
    expect(events.filter(({ stage }) => stage === 'guard')).toHaveLength(1)
  })

  it.each(['ws', 'rpc', 'graphql'])('a context of the type %s is refused with the alternative', (type) => {
    const { adapter } = nest
    const guard = adapter.guard(verifierFor(issuer))
    const gateway = classWith([], { message: {}, open: { decorators: [adapter.Public()] } })
    const contextOf = (name: string) =>
      ({
        getType: () => type,
        getClass: () => gateway,
        getHandler: () => Reflect.get(gateway.prototype as object, name) as unknown,
      }) as ExecutionContext
    expect(() => guard.canActivate(contextOf('message'))).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringContaining('@Public()') as string,
      }),
    )
    expect(guard.canActivate(contextOf('open'))).toBe(true)
  })
})

const withScopes = (scopes: string) => bearer(issuer.mintJwt({ scopes }))
const stages = (events: readonly DecisionEvent[]) => events.map(({ stage, outcome }) => `${stage} ${outcome}`)
