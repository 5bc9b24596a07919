import type { LoggerService, Type } from '@nestjs/common'
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices'
import { WsAdapter } from '@nestjs/platform-ws'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, verifierFor } from '../support.js'
import { classWith, OPTIONS } from './apps.js'
import { loadNest, type Nest } from './majors.js'

// Real servers of the current major version of Nest. nestjs.test.ts examines the contexts of every version.

let issuer: TestIssuer
let nest: Nest
beforeAll(async () => {
  issuer = await createIssuer()
  nest = await loadNest(12)
})
afterAll(() => issuer.close())

/** Errors that Nest has logged. */
function logger(): { readonly errors: string[]; readonly service: LoggerService } {
  const errors: string[] = []
  const service = {
    log: () => undefined,
    warn: () => undefined,
    error: (error: unknown) => void errors.push(String(error)),
  }
  return { errors, service }
}

const rootOf = (handler: Type, isController: boolean): Type => {
  const { common, core, adapter } = nest
  const module = common.Module({
    imports: [adapter.M2mGuardModule.forRoot({ verifier: verifierFor(issuer) })],
    providers: [{ provide: core.APP_GUARD, useClass: adapter.M2mGuard }, ...(isController ? [] : [handler])],
    controllers: isController ? [handler] : [],
  })
  return classWith([module], {})
}

/** The decorators that a class of messages may have, and whether its handler runs. */
const CASES: readonly { readonly title: string; readonly isPublic: boolean }[] = [
  {
    title: 'is refused before the handler runs, and the error names the handler and what to use',
    isPublic: false,
  },
  { title: 'runs with @Public()', isPublic: true },
]

const refusalOf = (context: string): RegExp =>
  new RegExp(
    `M2mGuard: guards HTTP routes, not the context '${context}' of \\w+\\.run\\. Check the token .*@Public\\(\\)`,
  )

describe.each(CASES)('a message of a WebSocket gateway', ({ title, isPublic }) => {
  it(title, async () => {
    let runs = 0
    const gateway = classWith([WebSocketGateway(), ...(isPublic ? [nest.adapter.Public()] : [])], {
      echo: {
        decorators: [SubscribeMessage('echo')],
        run: () => {
          runs += 1
          return { event: 'echo', data: 'done' }
        },
      },
    })
    const { errors, service } = logger()
    const { express, core } = nest
    const app = await core.NestFactory.create(rootOf(gateway, false), new express.ExpressAdapter(), {
      ...OPTIONS,
      logger: service,
    })
    onTestFinished(() => app.close())
    app.useWebSocketAdapter(new WsAdapter(app))
    await app.listen(0, '127.0.0.1')
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { headers: bearer(issuer.mintJwt()) })
    onTestFinished(() => {
      client.terminate()
    })
    await once(client, 'open')
    client.send(JSON.stringify({ event: 'echo', data: {} }))
    const [message] = (await once(client, 'message')) as [Buffer]
    const { event } = JSON.parse(message.toString()) as { readonly event: string }
    expect([event, runs]).toEqual(isPublic ? ['echo', 1] : ['exception', 0])
    expect(errors).toEqual(isPublic ? [] : [expect.stringMatching(refusalOf('ws'))])
  })
})

describe.each(CASES)('a message of a microservice', ({ title, isPublic }) => {
  it(title, async () => {
    let runs = 0
    const controller = classWith([nest.common.Controller(), ...(isPublic ? [nest.adapter.Public()] : [])], {
      sum: {
        decorators: [MessagePattern('sum')],
        run: () => {
          runs += 1
          return 3
        },
      },
    })
    const { errors, service } = logger()
    const app = await nest.core.NestFactory.createMicroservice(rootOf(controller, true), {
      ...OPTIONS,
      logger: service,
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
    })
    onTestFinished(() => app.close())
    await app.listen()
    const { port } = app.unwrap<Server>().address() as AddressInfo
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    })
    onTestFinished(() => {
      client.close()
    })
    const reply = firstValueFrom(client.send<number>('sum', [1, 2]))
    if (isPublic) expect(await reply).toBe(3)
    else await expect(reply).rejects.toMatchObject({ message: 'Internal server error' })
    expect(runs).toBe(isPublic ? 1 : 0)
    expect(errors).toEqual(isPublic ? [] : [expect.stringMatching(refusalOf('rpc'))])
  })
})
