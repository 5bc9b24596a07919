import * as root from 'm2m-guard'
import * as client from 'm2m-guard/client'
import * as express from 'm2m-guard/express'
import * as testing from 'm2m-guard/testing'
import { expect, test } from 'vitest'
import { check } from './check.cjs'
import expected from './expected.json'

test('the package works', async () => {
  expect(await check({ root, client, express, testing })).toEqual(expected)
})
