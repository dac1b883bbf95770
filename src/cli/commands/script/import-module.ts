/**
 * A module whose place is known only now, through `import()` as it is. The bundle, which is no module itself, has its
 * loader's (`../../bundle`).
 */
export const importModule = (url: string): Promise<unknown> => import(url);
