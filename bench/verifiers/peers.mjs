// Every package as its own documentation sets it up, each in its fastest documented way.
import { JwtVerifier, JwtRsaVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const tokenOf = ({ authorization }) => authorization.slice('Bearer '.length)

const areClaims = (claims) => claims?.iss !== undefined

const jose = {
  name: 'jose jwtVerify + createRemoteJWKSet',
  packages: ['jose'],
  awaited: true,
  isAccepted: (result) => areClaims(result?.payload),
  make({ issuer, audience, algorithm, jwksUri }) {
    const keys = createRemoteJWKSet(new URL(jwksUri))
    const options = { issuer, audience, algorithms: [algorithm] }
    return (headers) => jwtVerify(tokenOf(headers), keys, options)
  },
}

const fastJwtOptions = ({ issuer, audience, algorithm }) => ({
  algorithms: [algorithm],
  allowedIss: issuer,
  allowedAud: audience,
})

const fastJwt = (name, extra) => ({
  name,
  packages: ['fast-jwt'],
  awaited: false,
  isAccepted: areClaims,
  make(issuance) {
    const verify = createVerifier({ key: issuance.pem, ...fastJwtOptions(issuance), ...extra })
    return (headers) => verify(tokenOf(headers))
  },
})

const fastJwtWithKeySet = {
  name: 'fast-jwt + get-jwks, cache: true',
  packages: ['fast-jwt', 'get-jwks'],
  awaited: true,
  isAccepted: areClaims,
  make(issuance) {
    const keys = buildGetJwks({ jwksPath: '/.well-known/jwks.json' })
    const { issuer: domain } = issuance
    const key = ({ header: { kid, alg } }) => keys.getPublicKey({ kid, alg, domain })
    const verify = createVerifier({ key, ...fastJwtOptions(issuance), cache: true })
    return (headers) => verify(tokenOf(headers))
  },
}

const auth0 = {
  name: 'express-oauth2-jwt-bearer',
  packages: ['express-oauth2-jwt-bearer'],
  awaited: true,
  isAccepted: areClaims,
  make({ issuer, audience, jwksUri, algorithm }) {
    const middleware = auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm })
    const host = '127.0.0.1:3000'
    // As much of a request of Express as the middleware looks at.
    const request = (headers) => ({
      headers: { host, ...headers },
      hostname: '127.0.0.1',
      method: 'GET',
      protocol: 'http',
      originalUrl: '/',
      query: {},
      is: () => false,
      get: (name) => (name.toLowerCase() === 'host' ? host : undefined),
    })
    return (headers) =>
      new Promise((resolve, reject) => {
        const incoming = request(headers)
        middleware(incoming, {}, (error) => {
          if (error === undefined) resolve(incoming.auth.payload)
          else reject(error)
        })
      })
  },
}

const aws = {
  name: 'aws-jwt-verify verifySync',
  packages: ['aws-jwt-verify'],
  awaited: false,
  isAccepted: areClaims,
  make({ issuer, audience, jwksUri, jwk, algorithm }) {
    const Verifier = algorithm === 'RS256' ? JwtRsaVerifier : JwtVerifier
    // It fetches keys over https only; they are given, so that nothing is fetched.
    const verifier = Verifier.create({ issuer, audience, jwksUri: jwksUri.replace('http:', 'https:') })
    verifier.cacheJwks({ keys: [jwk] })
    return (headers) => verifier.verifySync(tokenOf(headers))
  },
}

export const rememberingPeers = [
  fastJwt('fast-jwt with one key, cache: true', { cache: true }),
  fastJwtWithKeySet,
  auth0,
  jose,
]

export const verifyingPeers = [aws, fastJwt('fast-jwt with one key', {}), jose, auth0]
