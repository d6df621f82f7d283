// What is at a door while nobody, or somebody else, looks after the cluster?
import type { Desk } from "../desk.ts";

/** The desk that `now` answers when it is asked; it throws while there is none. */
export function deskInTurn(now: () => Desk): Desk {
  return {
    get feed() {
      return now().feed;
    },
    places: {
      environmentOf: (service) => now().places.environmentOf(service),
      servicesOf: (name) => now().places.servicesOf(name),
      nameOf: (metadata) => now().places.nameOf?.(metadata) ?? metadata.name,
      inFile: async (text, origin) => {
        const { inFile } = now().places;
        if (!inFile) throw new Error("the desk of a cluster reads files by itself");
        return inFile(text, origin);
      },
    },
    list: async () => now().list(),
    get: async (service) => now().get(service),
    groups: async () => now().groups(),
    group: async (name) => now().group(name),
    page: (query, sees) => now().page(query, sees),
    records: async (service, after, limit) => now().records(service, after, limit),
    revisions: (service) => now().revisions(service),
    logs: async (service, query) => now().logs(service, query),
    plan: (service) => now().plan(service),
    planFile: async (text, origin) => now().planFile(text, origin),
    rehearse: async (request, signal) => now().rehearse(request, signal),
    apply: async (request) => now().apply(request),
    command: async (service, request) => now().command(service, request),
    remove: async (service, request) => now().remove(service, request),
    close: async () => now().close(),
  };
}
