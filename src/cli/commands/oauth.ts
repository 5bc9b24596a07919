import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import { tokenSource, type ClientAuthenticationMethod } from '../../client/index.js'
import { oauthTokens, type OAuthTokens } from '../../management/index.js'
import { command, omitUndefined, type CommandInput } from '../command.js'
import { EXIT } from '../exit-code.js'
import { tokenItem } from '../output/token-item.js'
import { requiredVariable } from '../input/environment.js'
import { authentication, OAUTH_CLIENT, OAUTH_CLIENT_USES, readOAuthClient } from '../input/oauth-client.js'
import { repeatable, text } from '../input/option.js'

const TOKEN = { name: 'token', help: 'source of the token', isSecret: true } as const

const tokenTypeHint = text('KIND', 'kind of the token: access_token or refresh_token')

type OAuthCall = Pick<
  CommandInput<{ readonly authentication: ClientAuthenticationMethod | undefined }>,
  'env' | 'limits' | 'values'
>

async function connect(
  { env, limits, values }: OAuthCall,
  endpoints: { readonly introspectionEndpoint?: string; readonly revocationEndpoint?: string },
): Promise<OAuthTokens> {
  const client = await readOAuthClient(env, values.authentication)
  return oauthTokens({ ...limits, ...endpoints, ...client, issuer: requiredVariable(env, 'OAUTH_ISSUER') })
}

const create = command({
  name: 'tokens create',
  vendor: 'oauth',
  summary: 'Obtains a token with client credentials and prints it once.',
  options: {
    scopes: text('SCOPES', "scopes, separated by spaces; default the issuer's"),
    audience: repeatable(text('AUDIENCE', 'the audience parameter, for issuers that support it')),
    resource: repeatable(text('URL', 'the URL of the API that the token is for')),
    tokenEndpoint: text('URL', 'the token endpoint; default discovered'),
    authentication,
  },
  example: `tokens create --vendor oauth --scopes 'orders:read' --resource https://orders.internal`,
  needs: OAUTH_CLIENT,
  uses: OAUTH_CLIENT_USES,
  effect: 'reads',
  prepare: async ({ values, env, signal, limits }) => {
    const { tokenEndpoint } = values
    const source = tokenSource({
      ...limits,
      ...(await readOAuthClient(env, values.authentication)),
      ...(tokenEndpoint === undefined
        ? { issuer: requiredVariable(env, 'OAUTH_ISSUER') }
        : { tokenEndpoint }),
    })
    const { scopes, audience, resource } = values
    const request = omitUndefined({ scopes, audience, resource })
    return { run: async () => ({ item: tokenItem(await source.getTokenInfo({ ...request, signal })) }) }
  },
})

const introspect = command({
  name: 'tokens introspect',
  vendor: 'oauth',
  functions: ['introspect'],
  summary: 'Introspects a token (RFC 7662).',
  operand: TOKEN,
  options: {
    tokenTypeHint,
    introspectionEndpoint: text('URL', 'the introspection endpoint; default discovered'),
    authentication,
  },
  example: 'tokens introspect env:TOKEN --vendor oauth',
  needs: OAUTH_CLIENT,
  uses: OAUTH_CLIENT_USES,
  effect: 'reads',
  prepare: async ({ values, operand: token, signal, ...call }) => {
    const { introspectionEndpoint, tokenTypeHint: hint } = values
    const tokens = await connect({ ...call, values }, omitUndefined({ introspectionEndpoint }))
    return {
      run: async () => {
        const item = await tokens.introspect({ token, ...omitUndefined({ tokenTypeHint: hint }) }, { signal })
        return { item, code: item.active ? EXIT.done : EXIT.tokenNotGood }
      },
    }
  },
})

const revoke = command({
  name: 'tokens revoke',
  vendor: 'oauth',
  functions: ['revoke'],
  summary: 'Revokes a token (RFC 7009). Succeeds even if the issuer does not know the token.',
  operand: TOKEN,
  options: {
    tokenTypeHint,
    revocationEndpoint: text('URL', 'the revocation endpoint; default discovered'),
    authentication,
  },
  example: 'tokens revoke env:TOKEN --vendor oauth --token-type-hint access_token',
  needs: OAUTH_CLIENT,
  uses: OAUTH_CLIENT_USES,
  effect: 'destroys',
  prepare: async ({ values, operand: token, signal, ...call }) => {
    const { revocationEndpoint, tokenTypeHint: hint } = values
    const tokens = await connect({ ...call, values }, omitUndefined({ revocationEndpoint }))
    const fingerprint = fingerprintOf(tokenDigest(token))
    return {
      question: () =>
        `Revoke the token whose SHA-256 begins with ${fingerprint} at ${requiredVariable(call.env, 'OAUTH_ISSUER')}? ` +
        'This cannot be undone.',
      run: async () => {
        await tokens.revoke({ token, ...omitUndefined({ tokenTypeHint: hint }) }, { signal })
        return { item: { fingerprint, revoked: true } }
      },
    }
  },
})

export const OAUTH_COMMANDS = [create, introspect, revoke]
