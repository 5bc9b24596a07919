import type { FastifyInstance } from 'fastify'
import { accessToken } from '../../../adapters/fastify.js'
import { bearer } from '../support.js'

export const status = async (app: FastifyInstance, url: string, token?: string): Promise<number> =>
  (await app.inject({ url, ...(token === undefined ? {} : { headers: bearer(token) }) })).statusCode

export const who = (request: Parameters<typeof accessToken>[0]): string => accessToken(request).subject
