import { z } from "zod";

/** A place as a process is told it on its command line. */
export const placeSchema = z.object({ dataDir: z.string(), databaseUrl: z.string().nullable() });
