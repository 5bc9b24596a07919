import * as root from 'm2m-guard'
import type { AccessToken } from 'm2m-guard'
import * as client from 'm2m-guard/client'
import * as express from 'm2m-guard/express'
import * as testing from 'm2m-guard/testing'
import { check } from './check.cjs'

export type Token = AccessToken
const result: unknown = await check({ root, client, express, testing })
console.log(JSON.stringify(result))
