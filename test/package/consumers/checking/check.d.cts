export declare function check(packages: Readonly<Record<string, unknown>>): Promise<unknown>
