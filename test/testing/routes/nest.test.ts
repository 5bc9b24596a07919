import type { Type } from '@nestjs/common'
import { WsAdapter } from '@nestjs/platform-ws'
import { WebSocketGateway } from '@nestjs/websockets'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { assertEveryRouteIsGuarded, listRoutes } from '../../../src/testing/index.js'
import { classWith, OPTIONS, PLATFORMS } from '../../adapters/nest/apps.js'
import { loadNest, type Nest } from '../../adapters/nest/majors.js'
import { verifier } from './apps.js'

const VERSIONS = ([12, 11, 10] as const).flatMap((major) =>
  PLATFORMS.map((platform) => ({ major, platform })),
)

describe.each(VERSIONS)('an application of Nest $major on $platform', ({ major, platform }) => {
  let nest: Nest
  beforeAll(async () => {
    nest = await loadNest(major)
  })

  /** An application that is not initialized. Its second controller is guarded by a decorator or not at all. */
  async function create(reports: 'guarded' | 'unguarded') {
    const { common, core, adapter, express, fastify } = nest
    const orders = classWith([common.Controller('orders'), adapter.Scopes('orders:read')], {
      list: { decorators: [common.Get()] },
      read: { decorators: [common.Get(':id')] },
      health: { decorators: [common.Get('health'), adapter.Public()] },
    })
    const second: Type = classWith(
      [common.Controller('reports'), ...(reports === 'guarded' ? [common.UseGuards(adapter.M2mGuard)] : [])],
      { create: { decorators: [common.Post()] } },
    )
    const root = classWith(
      [
        common.Module({
          imports: [adapter.M2mGuardModule.forRoot({ verifier })],
          controllers: [orders, second],
        }),
      ],
      {},
    )
    const adapterOf = platform === 'Express' ? new express.ExpressAdapter() : new fastify.FastifyAdapter()
    const app = await core.NestFactory.create(root, adapterOf, OPTIONS)
    onTestFinished(() => app.close())
    return app
  }

  it('lists the routes of its controllers', async () => {
    const app = await create('guarded')
    await app.init()
    if (platform === 'Fastify') {
      expect(() => listRoutes(app)).toThrow(
        'In Nest that is `await app.getHttpAdapter().getInstance().ready()`',
      )
      await app.getHttpAdapter().getInstance().ready()
    }
    const names = listRoutes(app).map(({ method, path }) => `${method} ${path}`)
    expect(names).toEqual(
      expect.arrayContaining(['GET /orders', 'GET /orders/:id', 'GET /orders/health', 'POST /reports']),
    )
  })

  it('is not listed before it is initialized', async () => {
    const app = await create('guarded')
    expect(() => listRoutes(app)).toThrow(
      /not initialized, so its controllers .* `await app\.init\(\)` first/,
    )
  })

  it('passes the audit if every route is guarded, with the public ones named', async () => {
    const app = await create('guarded')
    await assertEveryRouteIsGuarded(app, { open: ['GET /orders/health'] })
  })

  it('fails the audit for a controller without a guard', async () => {
    const app = await create('unguarded')
    const audit = assertEveryRouteIsGuarded(app, { open: ['GET /orders/health'] })
    await expect(audit).rejects.toThrow(/POST +\/reports/)
  })
})

it.each(PLATFORMS)('the audit finds an open WebSocket gateway of Nest on %s', async (platform) => {
  const { adapter, common, core, express, fastify } = await loadNest(12)
  const gateway = classWith([WebSocketGateway({ path: '/socket' }), adapter.Public()], {})
  const orders = classWith([common.Controller('orders'), common.UseGuards(adapter.M2mGuard)], {
    list: { decorators: [common.Get()] },
  })
  const module = common.Module({
    imports: [adapter.M2mGuardModule.forRoot({ verifier })],
    controllers: [orders],
    providers: [gateway],
  })
  const adapterOf = platform === 'Express' ? new express.ExpressAdapter() : new fastify.FastifyAdapter()
  const app = await core.NestFactory.create(classWith([module], {}), adapterOf, OPTIONS)
  onTestFinished(() => app.close())
  app.useWebSocketAdapter(new WsAdapter(app))
  await expect(assertEveryRouteIsGuarded(app)).rejects.toThrow(/upgrades: is required/)
  const audit = assertEveryRouteIsGuarded(app, { upgrades: ['/socket'] })
  await expect(audit).rejects.toThrow(/UPGRADE +\/socket/)
})
