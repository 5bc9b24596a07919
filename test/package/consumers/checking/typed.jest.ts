import { createVerifier, Refusal, type AccessToken, type Verifier } from 'm2m-guard'
import * as root from 'm2m-guard'
import * as client from 'm2m-guard/client'
import * as express from 'm2m-guard/express'
import * as testing from 'm2m-guard/testing'
import { check } from './check.cjs'

declare const test: (name: string, run: () => Promise<void>) => void
declare const expect: (value: unknown) => { toEqual: (expected: unknown) => void }

export const verify = (verifier: Verifier): Promise<AccessToken> => verifier.verify('')
export const reasonOf = (error: unknown) => (error instanceof Refusal ? error.reason : undefined)

// @ts-expect-error a verifier needs issuers
export const createWithout = () => createVerifier({})

test('the package works', async () => {
  const expected = { node: 11, jose: 11, refusal: 'token_malformed', assertion: true, responses: [200, 401] }
  expect(await check({ root, client, express, testing })).toEqual(expected)
})
