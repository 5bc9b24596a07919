import { spawn } from 'node:child_process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'
import { bundleProgram } from '../support/processes/bundle.js'
import { expireDeadlines } from '../support/setup/deadlines.js'
import { answerTo } from '../support/outcomes.js'
import { introspectionBed, jwksBed } from '../support/test-bed.js'

const guarded = new URL('./guarded-process.ts', import.meta.url)

/** Runs the guarded service in a separate process. Returns its output and how it ended. */
function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [bundleProgram(guarded), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    for (const look of waiting) look()
  })
  return {
    child,
    said: (text: string) =>
      new Promise<void>((resolve, reject) => {
        child.on('exit', () => reject(new Error(`it ended and said: ${output}`)))
        const look = (): void => {
          if (output.includes(text)) resolve()
        }
        waiting.add(look)
        look()
      }),
    ended: new Promise<number | string | null>((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? code))
    }),
  }
}

describe('a process with a guard', () => {
  it('F52 ends by itself on SIGTERM with calls in flight, after their deadline', async () => {
    const service = run('hanging')
    await service.said('asked')
    service.child.kill('SIGTERM')
    expect(await service.ended).toBe(0)
  })

  it('F52 ends by itself when nothing is pending: no timer of the guard keeps it alive', async () => {
    expect(await run('idle').ended).toBe(0)
  })

  it('F56 works in a worker thread', async () => {
    const service = run('worker')
    await service.said('accepted in the worker')
    expect(await service.ended).toBe(0)
  })
})

describe('F56 two copies of the package in one process', () => {
  it('an issuer of one works with the verifier of the other, and a verifier with the adapter of the other', async () => {
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    vi.resetModules()
    const other = await import('../../src/index.js')
    const { guard } = await import('../../adapters/fetch.js')
    expect(other.createVerifier).not.toBe(createVerifier)
    const verifier = createVerifier({ issuers: [other.oauth(issuer.oauth())] })
    const authorize = guard(verifier)
    const request = (token: string) =>
      new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } })
    const accepted = await authorize(request(issuer.mintJwt({ algorithm: 'ES256' })))
    expect(accepted).not.toBeInstanceOf(Response)
    issuer.fail('introspection', 500)
    const refused = await authorize(request(issuer.mintOpaque()))
    expect(refused).toMatchObject({ status: 503 })
    expect((refused as Response).headers.get('retry-after')).toBe('1')
  })
})

describe('F57 a modified environment', () => {
  it('a fetch that a tool replaced is used, with the same deadline and limits', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt()
    const real = globalThis.fetch
    const seen: unknown[] = []
    vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) => {
      seen.push(args[0])
      return real(...args)
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    expect((await answer(token)).status).toBe(200)
    expect(seen).toEqual([`${issuer.url}/jwks`])
    // A mock that never responds and ignores its signal.
    vi.stubGlobal('fetch', () => {
      setImmediate(expireDeadlines)
      return new Promise(() => undefined)
    })
    pass(4000)
    expect(await answer(token)).toMatchObject({ status: 503, reason: 'keys_unavailable' })
  })

  it('AbortSignal.any may be absent', async () => {
    const any = vi.spyOn(AbortSignal, 'any').mockImplementation(() => {
      throw new TypeError('AbortSignal.any is not a function')
    })
    onTestFinished(() => any.mockRestore())
    const { jwt, opaque, answer } = await introspectionBed()
    expect([(await answer(jwt())).status, (await answer(opaque())).status]).toEqual([200, 200])
  })

  it('proxy variables of the environment do not redirect a token', async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, 'http://127.0.0.1:1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { jwt, opaque, answer } = await introspectionBed()
    expect([(await answer(jwt())).status, (await answer(opaque())).status]).toEqual([200, 200])
  })
})

describe('F58 keys that are generated during garbage collection', () => {
  it('300 key pairs, published as they are made: the test issuer does not hang', async () => {
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    for (let made = 0; made < 300; made += 1) {
      issuer.addKey({ algorithm: made % 2 === 0 ? 'ES256' : 'EdDSA', use: true })
      Array.from({ length: 1000 }, () => ({}))
    }
    expect(issuer.keys).toHaveLength(300)
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ keys: { maxKeys: 1000 } }))] })
    expect((await answerTo(verifier, issuer.mintJwt({ algorithm: 'ES256' }))).status).toBe(200)
  })
})
