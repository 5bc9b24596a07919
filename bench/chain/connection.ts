import { createServer, type RequestListener } from 'node:http'
import { Duplex } from 'node:stream'

/** A connection without a socket: requests are pushed into it, and responses are discarded. */
class Wire extends Duplex {
  /** The start of the response to the current request. */
  head = ''

  override _read(): void {
    // Requests are pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.head ||= chunk.toString('latin1', 0, 12)
    done()
  }
}

/**
 * An application behind Node's HTTP parser, on a connection in memory (the `connection` event of `http.Server`). Requests
 * are new strings and objects, as in a service, without a kernel and without a load generator.
 */
export class Connection {
  readonly #wire = new Wire()
  readonly #requests: readonly Buffer[]
  #sent = 0
  #onClose: () => void = () => undefined

  constructor(listener: RequestListener, tokens: readonly string[]) {
    this.#requests = tokens.map(requestWith)
    const server = createServer(listener)
    server.keepAliveTimeout = 0
    server.on('request', (_request, response) => {
      response.on('close', () => {
        this.#onClose()
      })
    })
    server.emit('connection', this.#wire)
  }

  /** Sends a request with the next token. */
  readonly call = (): Promise<void> => this.#send(this.#requests[this.#sent++ % this.#requests.length])

  async statusOf(token: string): Promise<number> {
    this.#wire.head = ''
    await this.#send(requestWith(token))
    return Number(this.#wire.head.slice(-3))
  }

  #send(request: Buffer | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#onClose = resolve
      this.#wire.push(request)
    })
  }
}

/** Returns the bytes of a request of another service, with ten headers. */
function requestWith(token: string): Buffer {
  return Buffer.from(
    `GET / HTTP/1.1\r\nHost: orders.internal:8080\r\nConnection: keep-alive\r\nAuthorization: Bearer ${token}\r\n` +
      'Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nUser-Agent: billing-service/4.2.1 (node)\r\n' +
      'X-Request-Id: 6f1c2f3e-0b5d-4c27-9d0a-0a4b1a7b2c11\r\nX-Forwarded-For: 10.12.7.33\r\nX-Forwarded-Proto: https\r\n' +
      'Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n',
  )
}
