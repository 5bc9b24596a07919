import { spawn, type ChildProcess } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { redisRevocations } from '../../../adapters/redis.js'
import { bundle } from '../../support/processes/bundle.js'
import { firstOutput } from '../../support/processes/first-output.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { startRedis } from '../../support/redis/server.js'
import { until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'
const key = keyOf('ES256')

interface Member {
  readonly child: ChildProcess
  readonly statusOf: (token: string) => Promise<number>
}

/** Starts a process with an HTTP server; it ends after the test. */
async function startMember(redisPort: number): Promise<Member> {
  const jwks = JSON.stringify({ keys: [key.jwk] })
  const sources = ['member.ts', '../../support/setup/long-deadlines.ts']
  const [program = '', longDeadlines = ''] = bundle(...sources.map((path) => new URL(path, import.meta.url)))
  const args = ['--import', pathToFileURL(longDeadlines).href, program, String(redisPort), ISSUER, jwks]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const port = await firstOutput(child)
  const url = `http://127.0.0.1:${port.trim()}`
  return {
    child,
    statusOf: async (token) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status,
  }
}

function mint(members: object): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: ISSUER, sub: 'billing', iat: now - 60, exp: now + 3600, ...members }
  return seal(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, claims)
}

it('a revocation reaches every process and is never forgotten, also by a process that was killed', async () => {
  const { port } = await startRedis()
  const members = await Promise.all([startMember(port), startMember(port)])
  const revocations = redisRevocations({ client: await CLIENTS['node-redis 6']!(port) })
  const tokens = ['a', 'b', 'c'].map((jti) => mint({ jti }))
  for (const { statusOf } of members) for (const token of tokens) expect(await statusOf(token)).toBe(200)
  await revocations.revoke({ issuer: ISSUER, tokenId: 'a' })
  const [revoked = '', other = ''] = tokens
  for (const { statusOf } of members) await until(async () => (await statusOf(revoked)) === 401)
  for (const { statusOf } of members) {
    for (let times = 0; times < 50; times += 1) expect(await statusOf(revoked)).toBe(401)
    expect(await statusOf(other)).toBe(200)
  }
  members[0].child.kill('SIGKILL')
  const successor = await startMember(port)
  expect(await successor.statusOf(revoked)).toBe(401)
  await revocations.revoke({ issuer: ISSUER, subject: 'billing' })
  for (const { statusOf } of [members[1], successor]) {
    await until(async () => (await statusOf(other)) === 401)
    expect(await statusOf(mint({ jti: 'd', iat: Math.floor(Date.now() / 1000) + 1 }))).toBe(200)
  }
})
