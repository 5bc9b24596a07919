import { expect, it, vi } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'

const disk = vi.hoisted(() => ({ isFailing: true }))

vi.mock('jose', (importOriginal) => {
  if (disk.isFailing) throw new Error('too many open files')
  return importOriginal()
})

it('a token is undecidable while jose cannot be loaded, and the next request loads jose again', async () => {
  const issuer = await createTestIssuer()
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], signatures: 'jose' })
  const request = { headers: { authorization: `Bearer ${issuer.mintJwt()}` } }
  await expect(verifier.authorize(request)).resolves.toMatchObject({
    outcome: 'undecidable',
    refusal: { status: 503, reason: 'issuer_unavailable' },
  })
  disk.isFailing = false
  await expect(verifier.authorize(request)).resolves.toMatchObject({ outcome: 'accepted' })
  await issuer.close()
})
