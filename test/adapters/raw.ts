import { connect, type Socket } from 'node:net'

/** Opens a connection for raw bytes. */
export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  // A server that closes the connection without reading is not a failure of the test.
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** A response as received. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/**
 * Writes bytes and reads until the given number of responses is complete, or until the server closes the connection. A
 * string is written as latin1, one byte per character.
 */
export async function exchange(port: number, text: string, answers = 1): Promise<readonly RawAnswer[]> {
  const socket = await open(port)
  let received = ''
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      if (answersIn(received).length >= answers) resolve()
    })
    socket.on('close', () => resolve())
  })
  socket.write(text, 'latin1')
  await done
  socket.destroy()
  return answersIn(received)
}

/** The complete responses at the start of the received bytes. */
function answersIn(received: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = received
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(rest)?.[1]
    if (end === -1 || status === undefined) return answers
    const head = rest.slice(0, end)
    const body = bodyOf(head, rest.slice(end + 4))
    if (body === undefined) return answers
    answers.push({ status: Number(status), head, body: body.text })
    rest = rest.slice(end + 4 + body.length)
  }
}

function bodyOf(head: string, rest: string): { readonly text: string; readonly length: number } | undefined {
  if (/^transfer-encoding: chunked$/im.test(head)) {
    const last = rest.indexOf('0\r\n\r\n')
    return last === -1 ? undefined : { text: rest.slice(0, last), length: last + 5 }
  }
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
  return rest.length < length ? undefined : { text: rest.slice(0, length), length }
}
