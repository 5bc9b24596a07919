import { credentials, makeClientConstructor, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ORDERS_SERVICE } from '../docs/programs/create-preamble.js'
import { codeIn, readPaper, rowsOf } from '../docs/programs/support.js'
import { accepted, PAGE, REFUSED_WITH_ONE_HEADER, runRecipe, type RunningRecipe } from './support.js'

const start = () => runRecipe('gRPC', 'tokens.get(metadata)?.clientId')

/** The gRPC status for an HTTP status, from the table of the page. */
function codeFor(httpStatus: number): status {
  const row = rowsOf(readPaper(PAGE), 'gRPC').find(
    (cells) => codeIn(cells['`status`']) === String(httpStatus),
  )
  return status[codeIn(row?.['gRPC']) as keyof typeof status]
}

/** Calls the service. Resolves with the response, or with the error of a call that failed. */
async function call({ urls }: RunningRecipe, authorization: readonly string[]): Promise<object> {
  const Client = makeClientConstructor(ORDERS_SERVICE, 'Orders')
  const client = new Client(new URL(urls[0]!).host, credentials.createInsecure())
  onTestFinished(() => client.close())
  const metadata = new Metadata()
  for (const value of authorization) metadata.add('authorization', value)
  const listOrders = client['listOrders']!.bind(client) as (
    message: object,
    metadata: Metadata,
    done: (error: ServiceError | null, response: object) => void,
  ) => void
  return new Promise((resolve) => {
    listOrders({}, metadata, (error, response) => resolve(error ?? response))
  })
}

describe('the recipe for gRPC', () => {
  it('accepts a call with a valid token', async () => {
    const running = await start()
    expect(await call(running, [accepted(running.issuer)])).toEqual({ orders: [], client: 'billing' })
    expect(running.hasHandled()).toBe(true)
  })

  it.each(REFUSED_WITH_ONE_HEADER)(
    'refuses a call with %s with the code of the table for %i, and no handler runs',
    async (_what, httpStatus, authorization) => {
      const running = await start()
      const error = (await call(running, authorization(running.issuer))) as ServiceError
      expect(error).toMatchObject({ code: codeFor(httpStatus) })
      expect(error.details).toMatch(/^The (request|access token|bearer)|^Another/i)
      const pushback = error.metadata.get('grpc-retry-pushback-ms')
      if (httpStatus === 503) expect(pushback[0]).toMatch(/^\d+000$/)
      else expect(pushback).toEqual([])
      expect(running.hasHandled()).toBe(false)
    },
  )

  it('refuses a call whose two headers a proxy has joined', async () => {
    const running = await start()
    const authorization = accepted(running.issuer)
    const error = await call(running, [`${authorization}, ${authorization}`])
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(running.hasHandled()).toBe(false)
  })

  it.each([
    ['accepts a call by the first', true, (valid: string) => [valid, 'Bearer unknown']],
    ['refuses a call by the first', false, (valid: string) => ['Bearer unknown', valid]],
  ])('%s of two headers, because Node discards the second', async (_, isAccepted, headersOf) => {
    const running = await start()
    const ending = await rawCall(running.urls[0]!, headersOf(accepted(running.issuer)))
    expect(ending).toBe(isAccepted ? 'response' : 'status only')
    expect(running.hasHandled()).toBe(isAccepted)
  })
})

const DATA = 0
const HEADERS = 1
const SETTINGS = 4
const END_STREAM = 1
const END_HEADERS = 4

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A literal header field without indexing, without Huffman coding (RFC 7541 section 6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), hpackString(name), hpackString(value)])
}

/** One byte for the length, which is enough for what is sent here. */
function hpackString(text: string): Buffer {
  if (text.length >= 127) throw new RangeError('too long')
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
}

/** Sends a call frame by frame, because Node's client cannot send two `authorization` fields. */
async function rawCall(url: string, authorization: readonly string[]): Promise<'response' | 'status only'> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const fields = [
    field(':method', 'POST'),
    field(':scheme', 'http'),
    field(':path', ORDERS_SERVICE.listOrders.path),
    field(':authority', 'localhost'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    ...authorization.map((value) => field('authorization', value)),
  ]
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from('{}')])
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(SETTINGS, 0, 0, Buffer.alloc(0)),
      frame(HEADERS, END_HEADERS, 1, Buffer.concat(fields)),
      frame(DATA, END_STREAM, 1, message),
    ]),
  )
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const frames = framesOf(received)
      if (!frames.some(({ type, flags }) => type === HEADERS && (flags & END_STREAM) !== 0)) return
      resolve(frames.some(({ type }) => type === DATA) ? 'response' : 'status only')
    })
  })
}

function framesOf(received: Buffer): readonly { readonly type: number; readonly flags: number }[] {
  const frames = []
  let rest = received
  while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
    frames.push({ type: rest.readUInt8(3), flags: rest.readUInt8(4) })
    rest = rest.subarray(9 + rest.readUIntBE(0, 3))
  }
  return frames
}
