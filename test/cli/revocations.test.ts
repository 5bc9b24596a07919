import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { jsonLines, jsonOf, runWith, type RunOptions } from '../support/cli.js'
import { polling, startInstance } from '../support/redis/fleet.js'
import { startRedis } from '../support/redis/server.js'

const LIBRARIES = ['redis', 'ioredis', 'iovalkey']

/** An application that has installed one library. */
const installed =
  (library: string): NonNullable<RunOptions['loadPackage']> =>
  (name) =>
    name === library ? import(library) : Promise.resolve(undefined)

const ISSUER = 'https://auth.example.com'

describe.each(LIBRARIES)('with the installed client %s', (library) => {
  const loadPackage = installed(library)

  it('revoke refuses a client in a running process, and revocations lists it', async () => {
    const { port } = await startRedis()
    const { bed, revocations } = await startInstance(port)
    await bed.verifier.ready()
    const token = bed.jwt({ clientId: 'billing' })
    const redis = `redis://127.0.0.1:${port}`
    const args = [
      '--redis',
      redis,
      '--issuer',
      bed.issuer.url,
      '--client',
      'billing',
      '--reason',
      'key leaked',
      '--yes',
      '--json',
    ]
    const result = await runWith(['revoke', ...args], { loadPackage })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const { receipt, durable, ...entry } = jsonOf(result)
    expect(durable).toBe(0)
    expect(entry).toMatchObject({
      kind: 'client',
      issuer: bed.issuer.url,
      clientId: 'billing',
      reason: 'key leaked',
    })
    expect(await revocations.reached(receipt as string)).toBe(true)
    await polling(async () => (await bed.outcome(token)) === 'token_revoked')
    const listed = await runWith(['revocations', '--redis', redis, '--json'], { loadPackage })
    expect(jsonLines(listed)).toEqual([entry])
    const others = await runWith(['revocations', '--redis', redis, '--issuer', ISSUER], { loadPackage })
    expect(others).toMatchObject({ code: 0, stdout: 'None.\n' })
  })

  it('the password comes from a variable, and is in no output', async () => {
    const { port } = await startRedis(['--requirepass', 'correct-horse'])
    const run = (password: string) =>
      runWith(['revocations', '--redis', 'env:REDIS_URL'], {
        env: { REDIS_URL: `redis://:${password}@127.0.0.1:${port}` },
        loadPackage,
      })
    expect(await run('correct-horse')).toMatchObject({ code: 0, stdout: 'None.\n' })
    const { code, stdout, stderr } = await run('battery-staple')
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^Redis at 127.0.0.1:${port}: .*(WRONGPASS|NOAUTH)`))
    expect(stdout + stderr).not.toContain('battery-staple')
  })

  it('fails with one line if Redis does not listen', async () => {
    const { code, stderr } = await runWith(['revocations', '--redis', 'redis://127.0.0.1:1'], { loadPackage })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Redis at 127\.0\.0\.1:1: .*ECONNREFUSED/)
    expect(stderr.trimEnd()).not.toContain('\n')
  })
})

describe('m2m-guard revocations', () => {
  it('reports entries that it cannot read on stderr, and lists the others', async () => {
    const server = await startRedis()
    await server.command('ZADD', '{m2m-guard}:revocations:live', '11', '5 {"v":2,"kind":"client"}')
    const args = ['revocations', '--redis', `redis://127.0.0.1:${server.port}`]
    const result = await runWith(args, { loadPackage: installed('redis') })
    expect(result).toEqual({
      code: 0,
      stdout: 'None.\n',
      stderr: '1 entry of the store is not readable: another version, or written by another program\n',
      asked: [],
    })
  })

  it('needs a limit of at least 1', async () => {
    const args = ['revocations', '--redis', 'redis://127.0.0.1:1', '--limit', '0']
    const { code, stdout, stderr } = await runWith(args, { loadPackage: installed('redis') })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^--limit/)
  })
})

describe('m2m-guard revoke', () => {
  it('says what to do if the clock of this machine is ahead of that of Redis', async () => {
    const { port } = await startRedis()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 })
    onTestFinished(() => void vi.useRealTimers())
    const args = ['--redis', `redis://127.0.0.1:${port}`, '--issuer', ISSUER, '--client', 'a', '--yes']
    const { code, stderr } = await runWith(['revoke', ...args], { loadPackage: installed('redis') })
    expect(code).toBe(1)
    expect(stderr).toMatch(/: nothing is revoked: .* \d+ s ahead .* Correct the clock, or set before$/m)
    expect(stderr).not.toContain('again')
  })

  it('says to run it again if the revocation is not stored, because the process ends', async () => {
    const { port } = await startRedis(['--rename-command', 'XADD', ''])
    const args = ['--redis', `redis://127.0.0.1:${port}`, '--issuer', ISSUER, '--client', 'a', '--yes']
    const { code, stderr } = await runWith(['revoke', ...args], { loadPackage: installed('redis') })
    expect(code).toBe(1)
    expect(stderr).toMatch(/the revocation is not stored: .*[Uu]nknown.* Run the command again/)
    expect(stderr).not.toContain('This process')
  })

  it('prints every time in ISO form', async () => {
    const { port } = await startRedis()
    const time = '2026-01-31T08:00:00Z'
    const args = ['--redis', `redis://127.0.0.1:${port}`, '--issuer', ISSUER, '--before', time, '--yes']
    const { stdout } = await runWith(['revoke', ...args], { loadPackage: installed('redis') })
    expect(stdout).toMatch(/^before +2026-01-31T08:00:00Z$/m)
  })

  it('needs a confirmation that names the target', async () => {
    const { port } = await startRedis()
    const args = [
      'revoke',
      '--redis',
      `redis://127.0.0.1:${port}`,
      '--issuer',
      ISSUER,
      '--before',
      '2026-01-31T08:00:00Z',
    ]
    const declined = await runWith(args, { loadPackage: installed('redis'), answer: 'no' })
    expect(declined.code).toBe(3)
    expect(declined.asked.join('')).toContain(
      `Refuse all tokens of ${ISSUER} issued before 2026-01-31T08:00:00.000Z`,
    )
    const listed = await runWith(['revocations', '--redis', `redis://127.0.0.1:${port}`], {
      loadPackage: installed('redis'),
    })
    expect(listed.stdout).toBe('None.\n')
  })

  it.each([
    ['no target', [], /pass one of --token-id, --client, --subject/],
    [
      'two targets',
      ['--client', 'a', '--subject', 'b'],
      /pass only one of --token-id, --client and --subject/,
    ],
    ['a time in the future', ['--before', '2999-01-31T08:00:00Z'], /more than 60 s in the future/],
    [
      'an expiry without a token',
      ['--client', 'a', '--expires-at', '2999-01-31T08:00:00Z'],
      /is the expiry of a token/,
    ],
  ])('sends nothing with %s', async (_, args, message) => {
    const loadPackage = () => Promise.reject(new Error('not needed'))
    const given = ['revoke', '--redis', 'redis://127.0.0.1:1', '--issuer', ISSUER, '--yes', ...args]
    const { code, stderr } = await runWith(given, { loadPackage })
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })

  it.each([
    [
      'no client library',
      'redis://127.0.0.1:1',
      /no Redis client is installed in this folder. Run npm install redis/,
    ],
    ['another scheme', 'https://secret@redis.internal', /must be a URL such as redis:/],
    ['a variable that is not set', 'env:REDIS_URL', /the variable REDIS_URL is not set/],
  ])('says what to do about %s', async (_, redis, message) => {
    const { code, stderr } = await runWith(['revocations', '--redis', redis], {})
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('secret')
  })
})
