import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import * as root from 'm2m-guard'
import * as client from 'm2m-guard/client'
import * as express from 'm2m-guard/express'
import * as testing from 'm2m-guard/testing'
import { check } from './check.cjs'

test('the package works', async () => {
  const expected = { node: 11, jose: 11, refusal: 'token_malformed', assertion: true, responses: [200, 401] }
  deepEqual(await check({ root, client, express, testing }), expected)
})
