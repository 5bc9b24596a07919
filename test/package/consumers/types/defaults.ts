import * as root from 'm2m-guard'
import * as client from 'm2m-guard/client'
import * as express from 'm2m-guard/express'
import * as fetchGuard from 'm2m-guard/fetch'
import * as koa from 'm2m-guard/koa'
import * as management from 'm2m-guard/management'
import * as testing from 'm2m-guard/testing'
import { createVerifier, oauth, Refusal, type AccessToken } from 'm2m-guard'

export { root, client, express, fetchGuard, koa, management, testing }

const issuers = [oauth({ issuer: 'https://auth.example.com', audience: 'orders' })]
export const token: Promise<AccessToken> = createVerifier({ issuers }).verify('')
export const isMalformed = (error: unknown): boolean =>
  error instanceof Refusal && error.reason === 'token_malformed'

// Types that cannot be resolved are `any`, which would accept these.
// @ts-expect-error a verifier needs issuers
createVerifier({})
// @ts-expect-error this is not a reason
export const unknownReason: Refusal['reason'] = 'no_such_reason'
// @ts-expect-error a token source needs options
client.tokenSource()
