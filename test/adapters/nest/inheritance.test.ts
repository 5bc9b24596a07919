import type { Type } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, verifierFor } from '../support.js'
import { classWith, startNest } from './apps.js'
import { loadNest, type Nest } from './majors.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const withScopes = (scopes: string) => bearer(issuer.mintJwt({ scopes }))

describe.each([12, 11, 10] as const)('decorators of superclasses in Nest %i', (major) => {
  let nest: Nest
  beforeAll(async () => {
    nest = await loadNest(major)
  })
  const start = (controller: Type, isGuarded = false) => {
    const { adapter, core } = nest
    return startNest(nest, {
      imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })],
      providers: isGuarded ? [{ provide: core.APP_GUARD, useClass: adapter.M2mGuard }] : [],
      controllers: [controller],
    })
  }
  const publicBase = () =>
    classWith([nest.adapter.Public()], {
      list: { decorators: [nest.common.Get('list')] },
      health: { decorators: [nest.common.Get('health'), nest.adapter.Public()] },
    })

  it('@UseGuards() of a subclass guards the handlers of a public superclass, except public handlers', async () => {
    const { common, adapter } = nest
    const guards = [adapter.M2mGuard, adapter.guard(verifierFor(issuer))]
    for (const guard of guards) {
      const controller = classWith([common.Controller(), common.UseGuards(guard)], {}, publicBase())
      for (const isGuarded of [false, true]) {
        const app = await start(controller, isGuarded)
        expect((await app.get('/list')).status).toBe(401)
        expect((await app.get('/list', withScopes('any'))).status).toBe(200)
        expect((await app.get('/health')).status).toBe(200)
      }
    }
  })

  it('@UseGuards() of a handler guards it in a public class', async () => {
    const { common, adapter } = nest
    const controller = classWith([common.Controller(), adapter.Public()], {
      list: { decorators: [common.Get('list'), common.UseGuards(adapter.M2mGuard)] },
      open: { decorators: [common.Get('open')] },
    })
    const app = await start(controller)
    expect((await app.get('/list')).status).toBe(401)
    expect((await app.get('/open')).status).toBe(200)
  })

  it('a guard that is not of this package changes nothing in a public superclass', async () => {
    const { common } = nest
    const other = classWith([common.Injectable()], { canActivate: { run: () => true } })
    const guarded = classWith([common.UseGuards(nest.adapter.M2mGuard)], {})
    const middle = classWith([nest.adapter.Public()], { list: { decorators: [common.Get('list')] } }, guarded)
    const controller = classWith([common.Controller(), common.UseGuards(other as never)], {}, middle)
    expect((await (await start(controller, true)).get('/list')).status).toBe(200)
  })

  it('@Public() and a guard on the same class or handler are an error at start', async () => {
    const { common, adapter } = nest
    const both = [adapter.Public(), common.UseGuards(adapter.M2mGuard)]
    const ofClass = classWith([common.Controller(), ...both], { list: { decorators: [common.Get()] } })
    await expect(start(ofClass)).rejects.toThrow(/has @Public\(\) and a guard of m2m-guard/)
    const ofHandler = classWith([common.Controller()], { list: { decorators: [common.Get(), ...both] } })
    await expect(start(ofHandler)).rejects.toThrow(/\.list: has @Public\(\) and a guard of m2m-guard/)
  })

  const scopedBase = () =>
    classWith([], { list: { decorators: [nest.common.Get('list'), nest.adapter.Scopes('orders:read')] } })

  it('an overriding handler needs the scopes of the overridden method too', async () => {
    const { common, adapter } = nest
    const controller = classWith(
      [common.Controller()],
      { list: { decorators: [common.Get('list'), adapter.Scopes('orders:list')] } },
      classWith([], {}, scopedBase()),
    )
    const app = await start(controller)
    const statusOf = async (scopes: string) => (await app.get('/list', withScopes(scopes))).status
    expect(await statusOf('orders:list')).toBe(403)
    expect(await statusOf('orders:read')).toBe(403)
    expect(await statusOf('orders:read orders:list')).toBe(200)
  })

  it('without a module, an overriding handler needs them too', async () => {
    const { common, adapter } = nest
    const controller = classWith(
      [common.Controller(), common.UseGuards(adapter.guard(verifierFor(issuer)))],
      { list: { decorators: [common.Get('list')] } },
      scopedBase(),
    )
    const app = await startNest(nest, { controllers: [controller] })
    expect((await app.get('/list', withScopes('other'))).status).toBe(403)
    expect((await app.get('/list', withScopes('orders:read'))).status).toBe(200)
  })

  it('an overriding handler without a decorator is an error at start, and @Public() lifts the scopes', async () => {
    const { common, adapter } = nest
    const silent = classWith(
      [common.Controller()],
      { list: { decorators: [common.Get('list')] } },
      scopedBase(),
    )
    for (const isGuarded of [false, true])
      await expect(start(silent, isGuarded)).rejects.toThrow(/overrides a method with @Scopes\(\)/)
    const guardedBase = classWith([], {
      list: { decorators: [common.Get('list'), common.UseGuards(adapter.M2mGuard)] },
    })
    const unguarded = classWith(
      [common.Controller()],
      { list: { decorators: [common.Get('list')] } },
      guardedBase,
    )
    await expect(start(unguarded)).rejects.toThrow(/overrides a method with .* or a guard of m2m-guard/)
    const open = classWith(
      [common.Controller()],
      { list: { decorators: [common.Get('list'), adapter.Public()] } },
      scopedBase(),
    )
    expect((await (await start(open)).get('/list')).status).toBe(200)
  })
})
