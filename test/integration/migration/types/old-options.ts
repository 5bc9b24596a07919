import type fastifyJwt from '@fastify/jwt'
import type { Params } from 'express-jwt'
import type { AuthOptions } from 'express-oauth2-jwt-bearer'
import type buildGetJwks from 'get-jwks'
import type { VerifyOptions } from 'jsonwebtoken'
import type jwksRsa from 'jwks-rsa'
import type koaJwt from 'koa-jwt'
import type { AuthenticateOptions } from 'passport'
import type { StrategyOptions } from 'passport-jwt'

/** The names of all members of a union. */
type NamesOf<T> = T extends unknown ? keyof T : never

/**
 * The options of the other libraries, as their types declare them: page, section, names. Compiled apart from the
 * project, because express-oauth2-jwt-bearer declares `req.auth` for every program that imports it.
 */
export interface OldOptions {
  'express-oauth2-jwt-bearer': {
    Options: NamesOf<AuthOptions>
  }
  'express-jwt': {
    'Options of express-jwt and jsonwebtoken': NamesOf<Params>
    'Options of jwks-rsa': NamesOf<jwksRsa.ExpressJwtOptions>
  }
  'koa-jwt': {
    Options: NamesOf<koaJwt.Options>
    'Options of jsonwebtoken': Exclude<NamesOf<VerifyOptions>, NamesOf<koaJwt.Options>>
    'Options of jwks-rsa': NamesOf<jwksRsa.ExpressJwtOptions>
  }
  'fastify-jwt': {
    'Options of the plugin': NamesOf<fastifyJwt.FastifyJWTOptions>
    'Options of verify': NamesOf<NonNullable<fastifyJwt.FastifyJWTOptions['verify']>>
    // `checkIssuer` is in its documentation and not in its types.
    'Options of get-jwks': NamesOf<buildGetJwks.GetJwksOptions> | 'checkIssuer'
  }
  'passport-jwt': {
    'Options of the strategy': NamesOf<StrategyOptions>
    'Options of jsonwebtoken': Exclude<NamesOf<VerifyOptions>, NamesOf<StrategyOptions>>
    'Options of jwks-rsa': NamesOf<jwksRsa.ExpressJwtOptions>
    'Options of passport.authenticate': NamesOf<AuthenticateOptions>
  }
}
