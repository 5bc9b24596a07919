import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import { tokenSource } from '../../client/index.js'
import { oauthTokens, type OAuthTokens } from '../../management/index.js'
import { command, omitUndefined, type CommandInput } from '../command.js'
import { EXIT } from '../exit-code.js'
import { choice, repeatable, text } from '../input/option.js'
import { requiredVariable } from '../input/environment.js'

const CLIENT = [['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET']] as const
const TOKEN = { name: 'token', help: 'source of the token', isSecret: true } as const

const authentication = choice(
  ['basic', 'post'],
  'sends the credentials in the header (basic) or in the form (post); default basic',
)
const tokenTypeHint = text('KIND', 'kind of the token: access_token or refresh_token')

type OAuthCall = Pick<
  CommandInput<{ readonly authentication: 'basic' | 'post' | undefined }>,
  'env' | 'limits' | 'values'
>

function connect(
  { env, limits, values }: OAuthCall,
  endpoints: { readonly introspectionEndpoint?: string; readonly revocationEndpoint?: string },
): OAuthTokens {
  return oauthTokens({
    ...limits,
    ...endpoints,
    ...omitUndefined({ authentication: values.authentication }),
    issuer: requiredVariable(env, 'OAUTH_ISSUER'),
    clientId: requiredVariable(env, 'OAUTH_CLIENT_ID'),
    clientSecret: requiredVariable(env, 'OAUTH_CLIENT_SECRET'),
  })
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
  needs: CLIENT,
  effect: 'reads',
  prepare: ({ values, env, signal, limits }) => {
    const { tokenEndpoint } = values
    const source = tokenSource({
      ...limits,
      ...(tokenEndpoint === undefined
        ? { issuer: requiredVariable(env, 'OAUTH_ISSUER') }
        : { tokenEndpoint }),
      ...omitUndefined({ authentication: values.authentication }),
      clientId: requiredVariable(env, 'OAUTH_CLIENT_ID'),
      clientSecret: requiredVariable(env, 'OAUTH_CLIENT_SECRET'),
    })
    const { scopes, audience, resource } = values
    const request = omitUndefined({ scopes, audience, resource })
    return { run: async () => ({ item: { token: await source.getToken({ ...request, signal }) } }) }
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
  needs: CLIENT,
  effect: 'reads',
  prepare: ({ values, operand: token, signal, ...call }) => {
    const { introspectionEndpoint, tokenTypeHint: hint } = values
    const tokens = connect({ ...call, values }, omitUndefined({ introspectionEndpoint }))
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
  needs: CLIENT,
  effect: 'destroys',
  prepare: ({ values, operand: token, signal, ...call }) => {
    const { revocationEndpoint, tokenTypeHint: hint } = values
    const tokens = connect({ ...call, values }, omitUndefined({ revocationEndpoint }))
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
