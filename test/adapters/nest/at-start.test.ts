import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { createIssuer, verifierFor } from '../support.js'
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

  describe('at start', () => {
    const fails = async (metadata: Parameters<typeof startNest>[1], message: RegExp): Promise<void> => {
      await expect(start(metadata)).rejects.toThrow(message)
    }
    const module = () => nest.adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })

    it('two modules with options are an error', async () => {
      await fails({ imports: [module(), module()] }, /M2mGuardModule: is imported more than once/)
    })

    it('a decorator on a class or a method that handles no requests is an error', async () => {
      const { common, adapter } = nest
      const service = classWith([common.Injectable()], { find: { decorators: [adapter.Scopes('a')] } })
      await fails({ imports: [module()], providers: [service] }, /\.find: has @Scopes\(\).*no effect/)
      const whole = classWith([common.Injectable(), adapter.Public()], {})
      await fails({ imports: [module()], providers: [whole] }, /no effect/)
      const helper = classWith([common.Controller()], { help: { decorators: [adapter.Scopes('a')] } })
      await fails({ imports: [module()], controllers: [helper] }, /\.help: has @Scopes/)
    })

    it('a decorator below one that replaces the method is an error, because its requirement is lost', async () => {
      const { common, adapter } = nest
      const replaces = (_target: object, _name: string, descriptor: PropertyDescriptor): void => {
        descriptor.value = () => 'replaced'
      }
      const controller = classWith([common.Controller()], {
        list: { decorators: [common.Get(), replaces, adapter.Scopes('a')] },
      })
      await fails(
        { imports: [module()], controllers: [controller] },
        /\.list: has a decorator of m2m-guard below/,
      )
    })

    it('a scope rule of a message handler is an error', async () => {
      const { common, adapter } = nest
      const controller = classWith([common.Controller()], {
        event: { decorators: [adapter.Scopes('a'), common.SetMetadata('microservices:pattern', ['event'])] },
      })
      await fails({ imports: [module()], controllers: [controller] }, /\.event: handles messages or GraphQL/)
    })

    it('a missing module is an error', async () => {
      const { common, adapter } = nest
      const controller = classWith([common.Controller(), common.UseGuards(adapter.M2mGuard)], {})
      await fails(
        { controllers: [controller] },
        /M2mGuard: needs M2mGuardModule\. Add M2mGuardModule\.forRoot/,
      )
    })

    it('invalid options of forRootAsync() are an error', async () => {
      const { adapter } = nest
      const useFactory = () => ({ verifier: verifierFor(issuer), mode: 'off' }) as never
      await fails(
        { imports: [adapter.M2mGuardModule.forRootAsync({ useFactory })] },
        /M2mGuardModule\.mode: must be/,
      )
    })
  })
})
