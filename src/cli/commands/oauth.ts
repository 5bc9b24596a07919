import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import { tokenSource } from '../../client/index.js'
import { oauthTokens, type OAuthTokens } from '../../management/index.js'
import { command, omitUndefined, type CommandInput } from '../command.js'
import { EXIT } from '../exit-code.js'
import { choice, repeatable, text } from '../input/option.js'
import { requiredVariable } from '../input/environment.js'

const CLIENT = [['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET']] as const
const TOKEN = { name: 'token', help: 'where the token is', isSecret: true } as const

const authentication = choice(
  ['basic', 'post'],
  'how the credentials are sent: in the header or in the form; default basic',
)
const tokenTypeHint = text('KIND', 'what kind of token it is: access_token, refresh_token')

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
  summary: 'Obtains a token with client credentials, and shows it this once.',
  options: {
    scopes: text('SCOPES', 'what it is for: one text with spaces; default what the issuer gives'),
    audience: repeatable(text('AUDIENCE', 'the parameter audience, of issuers that use it')),
    resource: repeatable(text('URL', 'the address of the API the token is for')),
    tokenEndpoint: text('URL', 'where tokens are to be had; default discovered'),
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
  summary: 'Asks what the issuer says of a token (RFC 7662).',
  operand: TOKEN,
  options: {
    tokenTypeHint,
    introspectionEndpoint: text('URL', 'where tokens are asked about; default discovered'),
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
  summary: 'Revokes a token (RFC 7009). Also done for one that the issuer does not know.',
  operand: TOKEN,
  options: {
    tokenTypeHint,
    revocationEndpoint: text('URL', 'where tokens are revoked; default discovered'),
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
        'It cannot be made good again.',
      run: async () => {
        await tokens.revoke({ token, ...omitUndefined({ tokenTypeHint: hint }) }, { signal })
        return { item: { fingerprint, revoked: true } }
      },
    }
  },
})

export const OAUTH_COMMANDS = [create, introspect, revoke]
