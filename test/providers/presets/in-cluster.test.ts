import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createVerifier, type Refusal, type Verifier } from '../../../src/index.js'
import { kubernetes, type KubernetesOptions } from '../../../src/providers/presets/index.js'
import { adviceFor } from '../../../src/telemetry/failure-advice.js'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { selfSigned } from '../../support/servers/certificate.js'
import { manualClock, type TestClock } from '../../support/clock.js'
import { outcomeOf } from '../../support/outcomes.js'
import { refusalOf } from '../../support/outcomes.js'

const DAY = 86_400_000
const certificateOf = (host: string) =>
  selfSigned(host, new Date(Date.now() - DAY), new Date(Date.now() + 365 * DAY))

interface Request {
  readonly url: string | undefined
  readonly authorization: string | undefined
}

interface Cluster {
  readonly issuer: TestIssuer
  readonly clock: TestClock
  /** Requests that the API server has received. */
  readonly requests: readonly Request[]
  readonly files: { readonly tokenFile: string; readonly caFile: string }
  readonly apiServer: string
  readonly write: (file: 'token' | 'ca.crt', text: string) => void
  readonly verifier: (options?: Partial<KubernetesOptions>) => Verifier
}

const ISSUER = 'https://oidc.cluster.internal'

/** An API server with TLS on loopback, and the files of a pod. */
async function startCluster(
  respond?: (keys: string) => { status: number; location?: string },
): Promise<Cluster> {
  const clock = manualClock()
  const issuer = await createTestIssuer({ clock: clock.read })
  onTestFinished(() => issuer.close())
  const requests: Request[] = []
  const { key, cert } = certificateOf('localhost')
  const server = createServer({ key, cert }, (request, response) => {
    requests.push({ url: request.url, authorization: request.headers.authorization })
    const keys = JSON.stringify(issuer.jwks('kubernetes'))
    const { status, location } = respond?.(keys) ?? { status: 200 }
    response.writeHead(status, location === undefined ? {} : { location }).end(status === 200 ? keys : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const folder = mkdtempSync(join(tmpdir(), 'pod-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const write: Cluster['write'] = (file, text) => {
    writeFileSync(join(folder, file), text)
  }
  write('token', podToken(issuer))
  write('ca.crt', cert)
  const files = { tokenFile: join(folder, 'token'), caFile: join(folder, 'ca.crt') }
  const apiServer = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    clock,
    requests,
    files,
    apiServer,
    write,
    verifier: (options = {}) =>
      createVerifier({
        clock: clock.read,
        issuers: [
          kubernetes({
            audience: issuer.audience,
            serviceAccounts: ['billing/invoices'],
            inCluster: { apiServer, ...files },
            ...options,
          }),
        ],
      }),
  }
}

function podToken(issuer: TestIssuer, name = 'orders/api'): string {
  return issuer.mintJwt({ preset: 'kubernetes', clientId: name, claims: { iss: ISSUER } })
}

const tokenOf = (issuer: TestIssuer): string =>
  issuer.mintJwt({ preset: 'kubernetes', claims: { iss: ISSUER } })

it('in a pod, the issuer is that of the pod’s token, and the keys are those of the API server', async () => {
  const { verifier, issuer, requests } = await startCluster()
  expect(await outcomeOf(verifier().verify(tokenOf(issuer)))).toBe('accepted')
  expect(requests.map(({ url }) => url)).toEqual(['/openid/v1/jwks'])
})

it('the pod’s token is read for each fetch of the keys', async () => {
  const { verifier, issuer, requests, write, clock } = await startCluster()
  const guard = verifier()
  const first = podToken(issuer)
  write('token', `${first}\n`)
  expect(await outcomeOf(guard.verify(tokenOf(issuer)))).toBe('accepted')
  const second = podToken(issuer, 'orders/api2')
  write('token', second)
  clock.pass(11 * 60)
  expect(await outcomeOf(guard.verify(tokenOf(issuer)))).toBe('accepted')
  expect(requests.map(({ authorization }) => authorization)).toEqual([`Bearer ${first}`, `Bearer ${second}`])
})

it('a server whose certificate is not of the cluster’s CA gets no token', async () => {
  const { verifier, issuer, requests, write } = await startCluster()
  write('ca.crt', certificateOf('localhost').cert)
  expect(await outcomeOf(verifier().verify(tokenOf(issuer)))).toBe('keys_unavailable')
  expect(requests).toEqual([])
})

it.each([
  ['nothing', ''],
  ['a line break', '\n'],
  ['a comment', '# the CA follows\n'],
  ['something other than PEM', 'garbage'],
  ['a cut certificate', '-----BEGIN CERTIFICATE-----\nMIIC'],
  ['an invalid certificate', '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n'],
])('no request is sent while the file of the CA contains %s', async (_, text) => {
  const { verifier, issuer, write, files, requests } = await startCluster()
  const guard = verifier()
  write('ca.crt', text)
  const { reason, detail } = await refusalOf(guard.verify(tokenOf(issuer)))
  expect(reason).toBe('keys_unavailable')
  expect(detail).toContain(`kubernetes.inCluster.caFile (${files.caFile}) has no certificate in PEM form`)
  expect(requests).toEqual([])
})

it('no request is sent while the file of the CA is absent', async () => {
  const { verifier, issuer, files, requests } = await startCluster()
  const guard = verifier()
  rmSync(files.caFile)
  const { detail } = await refusalOf(guard.verify(tokenOf(issuer)))
  expect(detail).toContain(`kubernetes.inCluster.caFile (${files.caFile}) cannot be read (ENOENT)`)
  expect(requests).toEqual([])
})

it('no request is sent while the file of the token is empty', async () => {
  const { verifier, issuer, write, requests } = await startCluster()
  const guard = verifier()
  write('token', '\n')
  expect(await outcomeOf(guard.verify(tokenOf(issuer)))).toBe('keys_unavailable')
  expect(requests).toEqual([])
})

it('a server with a certificate for another name gets no token', async () => {
  const { verifier, issuer, requests, apiServer, files } = await startCluster()
  const inCluster = { ...files, apiServer: apiServer.replace('localhost', '127.0.0.1') }
  expect(await outcomeOf(verifier({ inCluster }).verify(tokenOf(issuer)))).toBe('keys_unavailable')
  expect(requests).toEqual([])
})

it('a redirect is not followed, so that the pod’s token reaches no other origin', async () => {
  const other = await startCluster()
  const { verifier, issuer, requests } = await startCluster(() => ({
    status: 302,
    location: `${other.apiServer}/openid/v1/jwks`,
  }))
  expect(await outcomeOf(verifier().verify(tokenOf(issuer)))).toBe('keys_unavailable')
  expect(requests).toHaveLength(1)
  expect(other.requests).toEqual([])
})

it('a CA that is replaced is used for the next fetch', async () => {
  const { verifier, issuer, write, clock, files } = await startCluster()
  const guard = verifier()
  const good = readFileSync(files.caFile, 'utf8')
  write('ca.crt', certificateOf('localhost').cert)
  expect(await outcomeOf(guard.verify(tokenOf(issuer)))).toBe('keys_unavailable')
  write('ca.crt', good)
  clock.pass(120)
  expect(await outcomeOf(guard.verify(tokenOf(issuer)))).toBe('accepted')
})

it('without the files of a pod, the error names the option and the file', () => {
  const inCluster = { tokenFile: '/nowhere/token' }
  expect(() => kubernetes({ audience: 'orders', serviceAccounts: ['a/b'], inCluster })).toThrow(
    /kubernetes\.issuer: is required outside a pod.*\/nowhere\/token/,
  )
})

it('a token file that is not a JWT: the error says that it exists', async () => {
  const { write, files } = await startCluster()
  write('token', 'not a token')
  const create = () => kubernetes({ audience: 'orders', serviceAccounts: ['a/b'], inCluster: files })
  expect(create).toThrow(
    `kubernetes.issuer: is required because ${files.tokenFile} exists, but is not a JWT with iss. Set issuer to the member issuer`,
  )
})

it('a token file that cannot be read: the error names the cause', async () => {
  const { files } = await startCluster()
  const inCluster = { ...files, tokenFile: dirname(files.tokenFile) }
  expect(() => kubernetes({ audience: 'orders', serviceAccounts: ['a/b'], inCluster })).toThrow(
    `${inCluster.tokenFile} cannot be read (EISDIR). Check its permissions`,
  )
})

it.each([
  [
    'status 403 from https://kubernetes.default.svc/openid/v1/jwks',
    'system:service-account-issuer-discovery',
  ],
  ['no response (UNABLE_TO_VERIFY_LEAF_SIGNATURE) from https://kubernetes.default.svc/', 'inCluster.caFile'],
])('the advice for %s names %s', (failure, advice) => {
  expect(adviceFor(failure)).toContain(advice)
})

it('no error and no event contains the pod’s token', async () => {
  const { issuer, files, apiServer } = await startCluster(() => ({ status: 403 }))
  const messages: string[] = []
  const guard = createVerifier({
    issuers: [
      kubernetes({
        audience: issuer.audience,
        serviceAccounts: ['billing/invoices'],
        inCluster: { apiServer, ...files },
      }),
    ],
    onIssuerEvent: (event) => void messages.push(JSON.stringify(event)),
  })
  const [signature = ''] = podToken(issuer).split('.').slice(-1)
  await guard.verify(tokenOf(issuer)).catch((error: unknown) => {
    messages.push(String((error as Refusal).cause), JSON.stringify(error))
  })
  messages.push(JSON.stringify(guard.health()))
  expect(messages.join()).toContain('status 403')
  expect(messages.join()).not.toContain(signature)
})
