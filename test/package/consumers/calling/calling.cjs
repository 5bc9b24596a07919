'use strict'

/** The longest deadline that can be set, so that a busy machine decides nothing. */
const deadline = '60s'

/** Gets a token as a client of a test issuer, and manages one at its Clerk; prints what came of it as JSON. */
exports.main = async function main(load) {
  const { createTestIssuer } = await load('m2m-guard/testing')
  const { createVerifier, oauth } = await load('m2m-guard')
  const { tokenSource, TokenSourceError } = await load('m2m-guard/client')
  const { clerkTokens, ManagementError } = await load('m2m-guard/management')

  const issuer = await createTestIssuer()
  const verifier = createVerifier({
    issuers: [oauth(issuer.oauth({ keys: { deadline }, remote: { deadline } }))],
  })
  const { clientId, clientSecret } = issuer.client
  const source = tokenSource({ issuer: issuer.url, clientId, clientSecret, scopes: 'orders:read', deadline })
  const accessToken = await verifier.verify(await source.getToken(), { scopes: 'orders:read' })

  const { sender } = issuer.clerkMachines
  const tokens = clerkTokens({ machineSecretKey: sender.secretKey, apiUrl: issuer.endpoints.clerk, deadline })
  const { tokenId } = await tokens.create({ expiresIn: '1h' })
  const { revoked } = await tokens.revoke({ tokenId })

  const wrong = tokenSource({ issuer: issuer.url, clientId, clientSecret: 'wrong', deadline })
  const problem = await wrong.getToken().catch((error) => error)
  const failure = await tokens.revoke({ tokenId: `mt_${'0'.repeat(32)}` }).catch((error) => error)
  await issuer.close()
  console.log(
    JSON.stringify({
      client: accessToken.clientId === clientId,
      revoked,
      problem: problem instanceof TokenSourceError && problem.reason,
      failure: failure instanceof ManagementError && failure.status,
    }),
  )
}
