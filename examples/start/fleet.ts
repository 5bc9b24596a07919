import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { redisRevocations } from 'm2m-guard/redis'
import { createTestIssuer } from 'm2m-guard/testing'
import { createClient } from 'redis'
import type { MemberSettings } from './fleet-member.js'

const MISSING =
  'The demonstration needs redis-server or valkey-server in the PATH. Install it: apt-get install redis-server, or brew install redis'

/** Milliseconds after which a row that is not as expected is printed as it is. */
const PATIENCE = 60_000

/** Shows three processes that share revocations through Redis. Returns the exit code. */
export async function fleetJob(): Promise<number> {
  const engine = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (engine === undefined) {
    console.error(MISSING)
    return 1
  }
  const children: ChildProcess[] = []
  const issuer = await createTestIssuer()
  try {
    const port = await freePort()
    const startRedis = (): ChildProcess => {
      const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
      const redis = spawn(engine, args, { stdio: 'ignore' })
      children.push(redis)
      return redis
    }
    const redis = startRedis()
    const ended = once(redis, 'exit')
    const settings = { issuer: issuer.oauth(), redisPort: port }
    const urls = await Promise.all([1, 2, 3].map(() => startMember(settings, children)))
    const tokens = {
      billing: issuer.mintJwt({ clientId: 'billing' }),
      reporting: issuer.mintJwt({ clientId: 'reporting' }),
    }
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: () => 50 } })
    client.on('error', () => undefined)
    await client.connect()

    let areExpected = true
    const show = async (
      step: string,
      expected: Readonly<Record<keyof typeof tokens, number>>,
    ): Promise<void> => {
      for (const caller of ['billing', 'reporting'] as const) {
        const statuses = await untilAll(urls, tokens[caller], expected[caller])
        if (statuses.some((status) => status !== expected[caller])) areExpected = false
        console.log(`${step.padEnd(42)}${caller.padEnd(11)}${statuses.join('  ')}`)
      }
    }
    console.log(`${''.padEnd(42)}client     process 1, 2 and 3`)
    await show('before', { billing: 200, reporting: 200 })
    await redisRevocations({ client }).revoke({
      issuer: issuer.url,
      clientId: 'billing',
      reason: 'key leaked',
    })
    await show('billing is revoked', { billing: 401, reporting: 200 })
    redis.kill('SIGKILL')
    await ended
    await show('Redis is stopped', { billing: 401, reporting: 200 })
    await show('for longer than maxStaleness (5 s)', { billing: 401, reporting: 503 })
    startRedis()
    await show('Redis is started, and has lost its data', { billing: 401, reporting: 200 })
    urls.push(await startMember(settings, children))
    await show('a fourth process is started', { billing: 401, reporting: 200 })
    console.log(areExpected ? '\nAll as expected.' : '\nNOT as expected.')
    client.destroy()
    return areExpected ? 0 : 1
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await issuer.close()
  }
}

/** Starts this program as a process of the fleet. Returns its URL. */
async function startMember(settings: MemberSettings, children: ChildProcess[]): Promise<string> {
  const env = { ...process.env, M2M_GUARD_FLEET_MEMBER: JSON.stringify(settings) }
  const child = fork(process.argv[1] ?? '', [], { env })
  children.push(child)
  const [url] = (await once(child, 'message')) as [string]
  return url
}

/** Sends a token to each process until every one responds with this status. */
async function untilAll(
  urls: readonly string[],
  token: string,
  expected: number,
): Promise<readonly number[]> {
  const headers = { authorization: `Bearer ${token}` }
  for (const end = Date.now() + PATIENCE; ;) {
    const statuses = await Promise.all(urls.map(async (url) => (await fetch(url, { headers })).status))
    if (statuses.every((status) => status === expected) || Date.now() > end) return statuses
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Outside the range from which systems assign ports, so that no program gets the port while Redis is stopped. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(30_000, 32_000)
    const server = createServer()
    const isFree = once(server, 'listening').then(
      () => true,
      () => false,
    )
    server.listen(port, '127.0.0.1')
    if (!(await isFree)) continue
    await once(server.close(), 'close')
    return port
  }
}
