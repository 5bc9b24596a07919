import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../src/index.js'
import { runWith, type RunOptions } from '../support/cli.js'

interface Running {
  /** What the command has printed until it listens. */
  readonly printed: string
  readonly verifier: Verifier
  /** Interrupts the command and returns its exit code. */
  readonly stop: () => Promise<number>
}

/** Runs the command until it listens. */
async function start(args: readonly string[], options: RunOptions = {}): Promise<Running> {
  const interruption = new AbortController()
  let tell: (text: string) => void = () => undefined
  const started = new Promise<string>((resolve) => (tell = resolve))
  const ended = runWith(['issuer', '--port', '0', ...args], {
    ...options,
    signal: interruption.signal,
    stdout: (text) => Promise.resolve(tell(text)),
  })
  const printed = await Promise.race([started, ended.then(({ stderr }) => Promise.reject(new Error(stderr)))])
  const issuer = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)![0]
  return {
    printed,
    verifier: createVerifier({ issuers: [oauth({ issuer, audience: 'https://api.test' })] }),
    stop: async () => {
      interruption.abort(new Error('interrupted'))
      return (await ended).code
    },
  }
}

/** Obtains a token with the request that the command prints. */
async function tokenBy(printed: string): Promise<string> {
  const [, credentials, url] = /curl -s -u '([^']+)' -d grant_type=client_credentials (\S+)/.exec(printed)!
  const response = await fetch(url!, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(credentials!)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return ((await response.json()) as { readonly access_token: string }).access_token
}

describe('m2m-guard issuer', () => {
  it('gives the registered client a token that a guard accepts, until it is interrupted', async () => {
    const { printed, verifier, stop } = await start(['--client', 'billing:secret:orders:read orders:write'])
    expect(printed).toContain('Client billing, secret secret\n')
    expect(printed).not.toContain('Warning')
    const token = await verifier.verify(await tokenBy(printed))
    expect([token.clientId, token.scopes]).toEqual(['billing', ['orders:read', 'orders:write']])
    expect(await stop()).toBe(0)
    await expect(tokenBy(printed)).rejects.toThrow()
    verifier.close()
  })

  it('registers several clients, and a generated one if none is named', async () => {
    const two = await start(['--client', 'billing:one', '--client', 'reports:two:reports:read'])
    expect(two.printed).toMatch(/Client billing, secret one\nClient reports, secret two\n/)
    await two.stop()
    const generated = await start([])
    const { clientId } = await generated.verifier.verify(await tokenBy(generated.printed))
    expect(generated.printed).toContain(`Client ${clientId!}, secret `)
    await generated.stop()
  })

  it('prints one JSON object with --json', async () => {
    const { printed, stop } = await start(['--json', '--client', 'billing:secret'])
    expect(JSON.parse(printed)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      audience: 'https://api.test',
      clients: [{ clientId: 'billing', clientSecret: 'secret' }],
      warning: null,
      hint: null,
    })
    await stop()
  })

  it('warns if others than this machine reach it', async () => {
    const { printed, stop } = await start(['--host', '0.0.0.0'])
    expect(printed).toMatch(/^Warning: it listens on 0\.0\.0\.0: everyone who reaches this machine/)
    expect(printed).toMatch(
      /\nNote: its tokens have iss http:\/\/127\.0\.0\.1:(\d+), .*--url http:\/\/issuer:\1\.\n/,
    )
    await stop()
  })

  it('prints a curl line that works with every character of a secret, and that a shell does not interpret', async () => {
    const { printed, verifier, stop } = await start(['--client', 'a b:it\'s%41+&"$(x)`y`'])
    expect(printed).toMatch(/curl -s -u '[^']+' -d/)
    expect((await verifier.verify(await tokenBy(printed))).clientId).toBe('a b')
    await stop()
  })

  it.each(['production', 'Production', ' prod ', 'PROD', 'prod-eu', 'production_2'])(
    'does not start with NODE_ENV %j',
    async (NODE_ENV) => {
      const { code, stderr } = await runWith(['issuer', '--port', '0'], { env: { NODE_ENV } })
      expect([code, stderr]).toEqual([
        2,
        `issuer: does not start with NODE_ENV=${NODE_ENV.trim()}, because it gives tokens to everyone\n`,
      ])
    },
  )

  it.each(['development', 'product-catalog', 'preprod', ''])('starts with NODE_ENV %j', async (NODE_ENV) => {
    const { stop } = await start([], { env: { NODE_ENV } })
    expect(await stop()).toBe(0)
  })

  it('shows the host in insecureHosts that a guard needs for another URL', async () => {
    const args = ['--host', '0.0.0.0', '--url', 'http://issuer:4100', '--json']
    const interruption = new AbortController()
    let printed = ''
    const ended = runWith(['issuer', '--port', '0', ...args.slice(0, 4)], {
      signal: interruption.signal,
      stdout: (text) => {
        printed += text
        interruption.abort(new Error('interrupted'))
        return Promise.resolve()
      },
    })
    expect((await ended).code).toBe(0)
    expect(printed).toContain('"insecureHosts":["issuer:4100"]')
  })

  it.each<[args: readonly string[], message: string, options?: RunOptions]>([
    [['--client', 'a:one', '--client', 'a:two'], '--client: a occurs twice'],
    [['--client', 'bill\u001b[2Jing:secret'], '--client: the id and the secret must be visible ASCII'],
    [['--client', 'billing:sec\nret'], '--client: the id and the secret must be visible ASCII'],
    [['--client', ' billing:secret'], '--client: the id and the secret must be visible ASCII'],
    [['--client', 'billing:secret:orders\tread'], '--client: each scope must be visible ASCII'],
    [['--audience', ''], '--audience: must be a non-empty string'],
    [['--audience', 'a\u0007'], '--audience: must not begin or end'],
    [['--host', 'x\u001b'], '--host: must be an address or a host name'],
    [['--client', 'billing'], '--client: must be ID:SECRET or ID:SECRET:SCOPES'],
    [['--client', ':secret'], '--client: must be ID:SECRET'],
    [['--port', '70000'], '--port: must be'],
    [['--host', 'http://x'], '--host: must be an address or a host name'],
    [['--url', 'issuer'], '--url: must be a scheme, a host and a port'],
  ])('refuses %j', async (args, message, options = {}) => {
    const { code, stderr } = await runWith(['issuer', ...args], options)
    expect([code, stderr.slice(0, message.length)]).toEqual([2, message])
  })

  it('says which port is in use', async () => {
    const { printed, stop } = await start([])
    const port = /:(\d+),/.exec(printed)![1]!
    const { code, stderr } = await runWith(['issuer', '--port', port], {})
    expect([code, stderr]).toEqual([2, `issuer: cannot listen on 127.0.0.1, port ${port} (EADDRINUSE)\n`])
    await stop()
  })
})
