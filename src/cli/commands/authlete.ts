import { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import { authleteTokens, type AuthleteProperty, type AuthleteTokens } from '../../management/index.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { command, omitUndefined, type CommandInput } from '../command.js'
import { EXIT } from '../exit-code.js'
import {
  choice,
  duration,
  flag,
  moment,
  number,
  object,
  required,
  secret,
  repeatable,
  text,
} from '../input/option.js'
import { requiredVariable } from '../input/environment.js'

export const SERVICE = [['AUTHLETE_SERVICE_ID', 'AUTHLETE_SERVICE_ACCESS_TOKEN', 'AUTHLETE_API_URL']] as const

export function connect({ env, limits }: Pick<CommandInput<unknown>, 'env' | 'limits'>): AuthleteTokens {
  return authleteTokens({
    ...limits,
    serviceId: requiredVariable(env, 'AUTHLETE_SERVICE_ID'),
    serviceAccessToken: requiredVariable(env, 'AUTHLETE_SERVICE_ACCESS_TOKEN'),
    apiUrl: requiredVariable(env, 'AUTHLETE_API_URL'),
  })
}

const scopes = text('SCOPES', 'scopes of the token, separated by spaces')
const property = repeatable(text('KEY=VALUE', 'a property that is stored with the token'))
const neverExpires = flag('the token never expires')

function propertiesOf(pairs: readonly string[] | undefined): readonly AuthleteProperty[] | undefined {
  return pairs?.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new ConfigurationError('property', 'must be KEY=VALUE')
    return { key: pair.slice(0, at), value: pair.slice(at + 1) }
  })
}

const list = command({
  name: 'tokens list',
  vendor: 'authlete',
  functions: ['list'],
  summary: 'Lists tokens by their hashes. Authlete does not return their values.',
  options: {
    clientId: text('CLIENT', 'only tokens of this client: its number or alias'),
    subject: text('SUBJECT', 'only tokens of this subject'),
    limit: number('N', 'maximum number of tokens; default all'),
    offset: number('N', 'skips this many tokens; default 0'),
  },
  example: 'tokens list --vendor authlete --client-id 26478243745571 --limit 20',
  needs: SERVICE,
  effect: 'reads',
  prepare: ({ values: { limit, offset, ...filter }, signal, ...call }) => {
    const tokens = connect(call)
    const pageSize = limit === undefined ? undefined : Math.min(Math.max(limit, 1), 100)
    return {
      run: () =>
        Promise.resolve({
          items: tokens.list(omitUndefined({ ...filter, start: offset, limit: pageSize }), { signal }),
          limit,
          columns: ['tokenHash', 'clientId', 'subject', 'grantType', 'scopes', 'createdAt', 'expiresAt'],
        }),
    }
  },
})

const create = command({
  name: 'tokens create',
  vendor: 'authlete',
  functions: ['create'],
  summary: 'Creates a token and prints it once.',
  options: {
    clientId: required(text('CLIENT', "the client's number or alias")),
    grantType: choice(AUTHLETE_GRANT_TYPES, 'grant type of the token; default CLIENT_CREDENTIALS'),
    subject: text('SUBJECT', 'the subject; required unless the grant type is CLIENT_CREDENTIALS'),
    scopes,
    expiresIn: duration("lifetime of the token; default the service's"),
    refreshTokenExpiresIn: duration("lifetime of its refresh token; default the service's"),
    neverExpires,
    property,
    resource: repeatable(text('URL', 'the resource that the token is for')),
    jwtClaims: object('additional claims of a JWT access token'),
  },
  example: `tokens create --vendor authlete --client-id 26478243745571 --scopes 'orders:read'`,
  needs: SERVICE,
  effect: 'changes',
  prepare: ({
    values: { clientId, grantType = 'CLIENT_CREDENTIALS', property: pairs, resource: resources, ...rest },
    signal,
    ...call
  }) => {
    const tokens = connect(call)
    const more = omitUndefined({ ...rest, resources, properties: propertiesOf(pairs) })
    return {
      run: async () => ({
        item: await tokens.create({ clientId, grantType, ...more }, { signal }),
        secrets: ['token', 'jwt', 'refreshToken'],
      }),
    }
  },
})

const update = command({
  name: 'tokens update',
  vendor: 'authlete',
  functions: ['update'],
  summary: 'Changes a token. Other settings are kept.',
  options: {
    token: secret('the token (or use --token-hash or --token-id)'),
    tokenHash: text('HASH', 'the hash of the token, as printed by tokens list'),
    tokenId: text('ID', 'the id of the token'),
    scopes,
    expiresAt: moment('when the token expires'),
    refreshTokenExpiresAt: moment('when its refresh token expires'),
    neverExpires,
    property,
    replaceToken: flag('replaces the value of the token and prints the new one once'),
  },
  example: `tokens update --vendor authlete --token env:TOKEN --scopes 'orders:read'`,
  needs: SERVICE,
  effect: 'changes',
  prepare: ({ values: { property: pairs, ...rest }, signal, ...call }) => {
    const tokens = connect(call)
    const input = omitUndefined({ ...rest, properties: propertiesOf(pairs) })
    const secrets = rest.replaceToken === true ? ['token'] : []
    return { run: async () => ({ item: await tokens.update(input, { signal }), secrets }) }
  },
})

const reissue = command({
  name: 'tokens reissue-id-token',
  vendor: 'authlete',
  functions: ['reissueIdToken'],
  summary: 'Reissues an ID token and prints it once.',
  options: {
    token: required(secret('the access token of the token response')),
    refreshToken: required(secret('the refresh token of the token response')),
    subject: text('SUBJECT', "the sub of the ID token; default the access token's subject"),
    claims: object('additional claims of the ID token'),
  },
  example:
    'tokens reissue-id-token --vendor authlete --token env:ACCESS_TOKEN --refresh-token env:REFRESH_TOKEN',
  needs: SERVICE,
  effect: 'changes',
  prepare: ({ values: { token, refreshToken, ...rest }, signal, ...call }) => {
    const tokens = connect(call)
    const input = { token, refreshToken, ...omitUndefined(rest) }
    return {
      run: async () => ({ item: await tokens.reissueIdToken(input, { signal }), secrets: ['idToken'] }),
    }
  },
})

const introspect = command({
  name: 'tokens introspect',
  vendor: 'authlete',
  functions: ['introspect'],
  summary: 'Introspects a token. Authlete checks only what the options require.',
  operand: { name: 'token', help: 'source of the token', isSecret: true },
  options: {
    scopes: text('SCOPES', 'required scopes, separated by spaces'),
    subject: text('SUBJECT', 'required subject'),
    resource: repeatable(text('URL', 'required resource')),
    maxAge: duration('maximum time since the authentication of the user'),
  },
  example: `tokens introspect env:TOKEN --vendor authlete --scopes 'orders:read'`,
  needs: SERVICE,
  effect: 'reads',
  prepare: ({ values: { resource: resources, ...rest }, operand: token, signal, ...call }) => {
    const tokens = connect(call)
    return {
      run: async () => {
        const item = await tokens.introspect({ token, ...omitUndefined({ ...rest, resources }) }, { signal })
        return { item, code: item.action === 'OK' ? EXIT.done : EXIT.tokenNotGood }
      },
    }
  },
})

export const AUTHLETE_COMMANDS = [list, create, update, reissue, introspect]
