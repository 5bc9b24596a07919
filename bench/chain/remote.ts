import { Agent, request } from 'node:http'
import { Duplex } from 'node:stream'
import type { Contender } from './guards.js'

/** A request with an agent of `node:http`, whose response is read to its end. */
export const BARE_CALL = 'node:http Agent alone'
export const OWN_CALL = 'm2m-guard'
export const REMOTE = 'a call to the issuer'

const BODY = `token=${'t'.repeat(600)}`
const TEXT = JSON.stringify({ active: true, scope: 'orders:read', client_id: 'billing', exp: 4_000_000_000 })
const RESPONSE = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${TEXT.length}\r\n\r\n${TEXT}`
const URL_OF_ISSUER = 'http://127.0.0.1:8080/introspect'
const HEADERS = {
  'content-type': 'application/x-www-form-urlencoded',
  authorization: 'Basic b3JkZXJzOnNlY3JldA==',
}

/** A connection without a socket that responds to each request. */
class Responder extends Duplex {
  readonly setTimeout = (): this => this
  readonly setKeepAlive = (): this => this
  readonly setNoDelay = (): this => this
  readonly ref = (): this => this
  readonly unref = (): this => this

  override _read(): void {
    // Responses are pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (chunk.toString('latin1', chunk.length - 1) === BODY.at(-1)) this.push(RESPONSE)
    done()
  }
}

/** Returns a call of an introspection endpoint, without the package or through its transport. */
export async function remoteCallOf({ guard, build }: Contender): Promise<() => Promise<void>> {
  Object.assign(Agent.prototype, { createConnection: () => new Responder() })
  const load = (file: string): Promise<unknown> => import(new URL(file, build).href)
  if (guard === BARE_CALL) {
    const agent = new Agent({ keepAlive: true })
    return () => callBare(agent)
  }
  const { exchange } = (await load('src/http/exchange.js')) as typeof import('../../src/http/exchange.js')
  const { createTransport } = (await load(
    'src/http/transport/transport.js',
  )) as typeof import('../../src/http/transport/transport.js')
  const call = {
    ...{ url: URL_OF_ISSUER, headers: HEADERS, body: BODY, deadlineSeconds: 3, maxBytes: 65_536 },
    ...{ method: 'POST' as const, transport: createTransport(undefined) },
  }
  return async () => {
    const { text } = await exchange(call)
    if (text !== TEXT) throw new Error('unexpected response')
  }
}

function callBare(agent: Agent): Promise<void> {
  const headers = { ...HEADERS, 'content-length': BODY.length }
  return new Promise((resolve, reject) => {
    const sent = request(URL_OF_ISSUER, { agent, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        if (text === TEXT) resolve()
        else reject(new Error('unexpected response'))
      })
    })
    sent.on('error', reject).end(BODY)
  })
}
