import { describe, expect, it } from 'vitest'
import {
  authleteTokens,
  clerkTokens,
  ManagementError,
  stytchClients,
  type ClerkTokensOptions,
} from '../../src/management/index.js'
import type { Secret } from '../../src/options/secret.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { failureOf } from '../support/outcomes.js'
import { testBed } from '../support/test-bed.js'

interface Vendor {
  readonly name: string
  readonly option: string
  readonly right: (issuer: TestIssuer) => string
  /** A secret of the right form that the vendor rejects. */
  readonly wrong: string
  readonly call: (issuer: TestIssuer, secret: Secret) => Promise<unknown>
}

const VENDORS: readonly Vendor[] = [
  {
    name: 'clerkTokens',
    option: 'clerkTokens.machineSecretKey',
    right: (issuer) => issuer.clerkMachines.sender.secretKey,
    wrong: 'ak_rotated',
    call: (issuer, machineSecretKey) =>
      clerkTokens({ machineSecretKey, apiUrl: issuer.endpoints.clerk } satisfies ClerkTokensOptions).create(),
  },
  {
    name: 'stytchClients',
    option: 'stytchClients.secret',
    right: (issuer) => issuer.stytchProject.secret,
    wrong: 'secret-test-rotated',
    call: ({ stytchProject, endpoints }, secret) =>
      stytchClients({ projectId: stytchProject.projectId, apiUrl: endpoints.stytch, secret }).get({
        clientId: stytchProject.client.clientId,
      }),
  },
  {
    name: 'authleteTokens',
    option: 'authleteTokens.serviceAccessToken',
    right: (issuer) => issuer.authleteService.serviceAccessToken,
    wrong: 'rotated-service-token',
    call: (issuer, serviceAccessToken) =>
      authleteTokens({
        serviceId: issuer.authleteService.serviceId,
        apiUrl: issuer.endpoints.authlete,
        serviceAccessToken,
      }).introspect({ token: issuer.mintOpaque({ provider: 'authlete' }) }),
  },
]

describe.each(VENDORS)('a function as $option', ({ option, right, wrong, call }) => {
  it('is called for a call, and again if the vendor rejects the secret', async () => {
    const { issuer } = await testBed()
    const returned = [`${wrong}\n`, `${right(issuer)}\n`]
    let calls = 0
    await call(issuer, () => returned[calls++] ?? '')
    expect(calls).toBe(2)
  })

  it('that returns the rejected secret again causes one call', async () => {
    const { issuer } = await testBed()
    issuer.resetCalls()
    let calls = 0
    const read = (): Promise<string> => Promise.resolve((calls += 1) > 0 ? wrong : '')
    const error = await failureOf(call(issuer, read), ManagementError)
    expect(error).toMatchObject({ reason: 'credentials_refused', status: 401 })
    expect(calls).toBe(2)
    expect(issuer.calls.total).toBe(1)
    expect(JSON.stringify([error, error.message])).not.toContain(wrong)
  })

  it('that fails is named in the error, with the operation, and without its message', async () => {
    const { issuer } = await testBed()
    const error = await failureOf(
      call(issuer, () => Promise.reject(new Error('hunter2'))),
      ManagementError,
    )
    expect(error.reason).toBe('credentials_unavailable')
    expect(error.message).toContain(`${error.operation}: ${option}: the function or promise failed`)
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('hunter2')
    expect(issuer.calls.total).toBe(0)
  })
})
