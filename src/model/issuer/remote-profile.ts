import type { StatedFacts, TokenFacts } from '../access-token.js'
import type { KeySettings, RemoteSettings, RequestHeaders } from './issuer-settings.js'
import type { VerificationFailure } from '../refusal/refusal.js'

/** How a token is verified remotely. */
export interface RemoteProfile {
  /** URL of the endpoint; `discovered` uses `introspection_endpoint` of the issuer's discovery document. */
  readonly endpoint: string | 'discovered'
  /**
   * Whether the requests present a certificate. `discovered` then prefers the endpoint of `mtls_endpoint_aliases` (RFC 8705
   * section 5).
   *
   * @defaultValue `false`
   */
  readonly usesCertificate?: boolean
  /** Settings that differ from the defaults: see {@link RemoteSettings}. */
  readonly options?: Partial<RemoteSettings>
  /** Settings of the discovery document for `discovered`, if no keys are fetched: see {@link KeySettings}. */
  readonly discoveryOptions?: Partial<KeySettings>
  /** Headers of the request for the discovery document for `discovered`, if no keys are fetched through it. */
  readonly discoveryHeaders?: RequestHeaders
  /**
   * Reads the credential of the requests, if it may change. The verifier caches it, passes it to `request`, and reads it
   * again when the issuer rejects it, at most once in `breakerPause` seconds. The rejected request is then sent once more.
   */
  readonly readCredential?: () => unknown
  /**
   * Identifies this service to the issuer, such as its client id. It must not be a secret. With the option `answers` of
   * `createVerifier()`, results are shared only among services with the same one, because an issuer may tell each another
   * result.
   *
   * @defaultValue none: results are not shared
   */
  readonly caller?: string | undefined
  /** Creates the request for a token. It is always a POST, because a URL must not contain a token. */
  readonly request: (token: string, context: RemoteRequestContext) => RemoteRequest | Promise<RemoteRequest>
  /**
   * Reads the response. A response that is not a definitive statement about this token must be returned as a `fault`.
   */
  readonly read: (response: RemoteResponse, token: string) => RemoteResult
  /**
   * Reads the response about a JWT whose signature is already verified, for a policy's `confirmAfter`. Returns only
   * facts that the response states. Without it the facts of {@link RemoteProfile.read} count as stated, except an empty
   * audience.
   */
  readonly readConfirmation?: (response: RemoteResponse, token: string) => ConfirmationResult
}

/** What a request for a token may depend on. */
export interface RemoteRequestContext {
  /** URL that the request is sent to. */
  readonly url: string
  /** Latest result of `readCredential`; `undefined` without it. */
  readonly credential: unknown
  /** Time of the verifier's clock, in seconds since the epoch. */
  readonly now: number
}

/** Request for a token. */
export interface RemoteRequest {
  /** Headers of the request, such as `content-type` and `authorization`. */
  readonly headers: Readonly<Record<string, string>>
  /** Encoded body of the request, which contains the token. */
  readonly body: string
  /**
   * Certificate that the connection presents (RFC 8705), in PEM form. A custom `fetch` cannot present it.
   *
   * @defaultValue none
   */
  readonly tls?: {
    /** Certificate of the client, followed by intermediate certificates if there are any. */
    readonly cert: string
    /** Private key of the certificate. */
    readonly key: string
    /** Certificates that replace the public CAs. */
    readonly ca?: string | undefined
  }
}

/** Response of an issuer's endpoint. */
export interface RemoteResponse {
  /** HTTP status. */
  readonly status: number
  /** Parsed body; `undefined` if it is not JSON. */
  readonly json: unknown
}

/** Result of a remote verification: an active token, an inactive or unacceptable one, or a fault. */
export type RemoteResult =
  /** The issuer confirms the token. */
  | {
      /** Whether the token is active. */
      readonly active: true
      /** Facts about the token that the response states. */
      readonly facts: TokenFacts
    }
  /** The token is inactive, or its facts are unacceptable. Cached for a short time. */
  | ({
      /** `false` for a token that is refused: inactive, or with unacceptable facts. */
      readonly active: false
    } & VerificationFailure)
  /** The response says nothing about the token. It is not cached, and the request is undecidable. */
  | {
      /**
       * Reason of the refusal: `issuer_unavailable` for an outage, `issuer_refused_us` if the issuer rejects the credentials
       * of this service (both 503), `confirmation_impossible` if it does not introspect tokens of this kind (401).
       */
      readonly fault: 'issuer_unavailable' | 'issuer_refused_us' | 'confirmation_impossible'
      /** Description of the fault for logs. Contains neither tokens nor credentials. */
      readonly detail: string
    }

/** Result of confirming a JWT whose signature is already verified. It can only narrow what the JWT states. */
export type ConfirmationResult =
  /** The issuer confirms the token and states these facts, if any. */
  | {
      /** Whether the token is active. */
      readonly active: true
      /** Facts that the response states about the token. Absent ones are taken from the JWT. */
      readonly facts: StatedFacts
    }
  | Exclude<
      RemoteResult,
      {
        /** Excludes the active result, because a confirmation may omit facts. */
        active: true
      }
    >
