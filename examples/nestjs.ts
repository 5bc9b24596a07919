// An API in NestJS, on Express.
//
//   npx tsx examples/nestjs.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/nestjs.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import type { Server } from 'node:http'
import { Controller, Get, Module, Post } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { createVerifier, oauth, type AccessToken } from 'm2m-guard'
import { M2mGuard, M2mGuardModule, Public, Scopes, Token } from 'm2m-guard/nestjs'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
})

const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
  policy: { maxTokenAge: '1h' },
})

@Controller('orders')
class OrdersController {
  @Get()
  @Scopes('orders:read')
  list(@Token() token: AccessToken) {
    return { orders: ['o-1', 'o-2'], client: token.clientId }
  }

  @Post()
  @Scopes('orders:write')
  create() {
    return { order: 'o-3' }
  }
}

@Controller('health')
@Public()
class HealthController {
  @Get()
  read() {
    return { status: 'ok' }
  }
}

@Module({
  imports: [M2mGuardModule.forRoot({ verifier })],
  providers: [{ provide: APP_GUARD, useClass: M2mGuard }],
  controllers: [OrdersController, HealthController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false })
await app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

await demonstrate(app.getHttpServer() as Server, testIssuer, [
  { what: 'no token', path: '/health', status: 200 },
  { what: 'no token', path: '/orders', status: 401 },
  {
    what: 'scope orders:read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 200,
  },
  {
    what: 'without the scope orders:write',
    path: '/orders',
    method: 'POST',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 403,
  },
])
