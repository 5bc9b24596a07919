import {
  Inject,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type OnModuleInit,
} from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import { MODULE_OPTIONS } from '../../src/guard/options.js'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import { readOptions } from '../../src/options/read-options.js'
import { optional, type TableOf } from '../../src/options/reader.js'
import { func, unchecked } from '../../src/options/readers.js'
import type { Policy } from '../../src/policy/policy.js'
import type { Verifier } from '../../src/verifier/verifier.js'
import { M2mGuard, ROUTE_GUARDS } from './guard.js'
import { RouteGuards } from './route-guards.js'
import { checkDecorators } from './start-check.js'
import type { NestGuardOptions } from './types.js'

/** Options of {@link M2mGuardModule}. */
export interface M2mGuardModuleOptions extends NestGuardOptions {
  /** Verifier that checks the tokens, created by `createVerifier()`. */
  readonly verifier: Verifier
  /** Requirements of every route, in addition to the verifier's policy. */
  readonly policy?: Policy
}

/** Options of `M2mGuardModule.forRootAsync()`. */
export interface M2mGuardModuleAsyncOptions {
  /** Modules that export the injected providers. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>
  /** Injection tokens of the arguments of `useFactory`. */
  readonly inject?: NonNullable<FactoryProvider['inject']>
  /** Creates the options of the module. Called once, at start. */
  // The same type as in Nest: the arguments depend on `inject`.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly useFactory: (...args: any[]) => M2mGuardModuleOptions | Promise<M2mGuardModuleOptions>
}

const ASYNC_OPTIONS = {
  imports: optional(unchecked<NonNullable<ModuleMetadata['imports']>>('list')),
  inject: optional(unchecked<NonNullable<FactoryProvider['inject']>>('list')),
  useFactory: func<M2mGuardModuleAsyncOptions['useFactory']>(),
} satisfies TableOf<M2mGuardModuleAsyncOptions>

/**
 * Module with the verifier and the options of the guards. Import it once, in the root module. It is global: every module can
 * use {@link M2mGuard} and the decorators.
 *
 * It checks the decorators when the application starts. It does not guard routes itself: provide `M2mGuard` as `APP_GUARD`,
 * or use `@UseGuards(M2mGuard)`.
 */
export class M2mGuardModule implements OnModuleInit {
  static {
    Inject(ModulesContainer)(this, undefined, 0)
    Inject(ROUTE_GUARDS)(this, undefined, 1)
  }

  readonly #modules: ModulesContainer
  readonly #guards: RouteGuards

  /**
   * Created by Nest.
   *
   * @internal
   */
  constructor(modules: ModulesContainer, guards: RouteGuards) {
    this.#modules = modules
    this.#guards = guards
  }

  /**
   * Creates the module.
   *
   * @throws ConfigurationError if the verifier, the policy or an option is invalid.
   *
   * @example
   * ```ts
   * const module = M2mGuardModule.forRoot({ verifier, policy: { maxTokenAge: '1h' } })
   * ```
   */
  static forRoot(options: M2mGuardModuleOptions): DynamicModule {
    return moduleWith({ provide: ROUTE_GUARDS, useValue: guardsFor(options) })
  }

  /**
   * Creates the module with options that depend on other providers, such as those of a configuration module.
   *
   * @throws ConfigurationError if an option is invalid. Those that `useFactory` returns are checked when the application is
   *   created.
   *
   * @example
   * ```ts
   * const module = M2mGuardModule.forRootAsync({
   *   imports: [VerifierModule],
   *   inject: [VERIFIER],
   *   useFactory: (verifier: Verifier) => ({ verifier, body: 'problem' }),
   * })
   * ```
   */
  static forRootAsync(options: M2mGuardModuleAsyncOptions): DynamicModule {
    const { imports, inject, useFactory } = readOptions('M2mGuardModule.forRootAsync', options, ASYNC_OPTIONS)
    const provider: FactoryProvider<RouteGuards> = {
      provide: ROUTE_GUARDS,
      inject: inject ?? [],
      useFactory: async (...args: readonly unknown[]) => guardsFor(await useFactory(...args)),
    }
    return { ...moduleWith(provider), ...(imports === undefined ? {} : { imports }) }
  }

  /** Checks the decorators of the application. Called by Nest. */
  onModuleInit(): void {
    const modules = [...this.#modules.values()].filter(({ metatype }) => metatype === M2mGuardModule)
    if (modules.length > 1)
      throw new ConfigurationError(
        'M2mGuardModule',
        'is imported more than once with options. Import it in the root module only, and use @UseGuards(guard(verifier, policy, options)) for a different verifier or different options',
      )
    checkDecorators(this.#modules, this.#guards)
  }
}

let modules = 0

function moduleWith(provider: NonNullable<DynamicModule['providers']>[number]): DynamicModule {
  modules += 1
  return {
    module: M2mGuardModule,
    global: true,
    // Nest 10 merges modules that look alike as JSON, and would ignore the options of the second one.
    providers: [provider, M2mGuard, { provide: 'm2m-guard: number of the module', useValue: modules }],
    exports: [ROUTE_GUARDS, M2mGuard],
  }
}

function guardsFor(options: M2mGuardModuleOptions): RouteGuards {
  const { verifier, policy, header, ...others } = readOptions('M2mGuardModule', options, MODULE_OPTIONS)
  const guardOptions = { ...others, ...(header === undefined ? {} : { header }) } as NestGuardOptions
  return new RouteGuards(verifier, policy, guardOptions)
}
