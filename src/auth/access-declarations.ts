import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_METADATA } from './access.decorators.js';

/** Refuses a start in which a route does not say who may call it, instead of its first request. */
@Injectable()
export class AccessDeclarations implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype }) => this.undeclaredRoutesOf(metatype));
    if (undeclared.length > 0) {
      const routes = undeclared.join(', ');
      throw new Error(`Routes without @Scopes, @AdminOnly, @AnyToken or @Public: ${routes}`);
    }
  }

  private undeclaredRoutesOf(controller: unknown): string[] {
    if (typeof controller !== 'function') return [];
    const prototype = controller.prototype as Record<string, () => unknown>;
    return this.scanner
      .getAllMethodNames(prototype)
      .filter((name) => Reflect.hasMetadata(PATH_METADATA, prototype[name]!))
      .filter((name) => !this.reflector.get<unknown>(ACCESS_METADATA, prototype[name]!))
      .map((name) => `${controller.name}.${name}`);
  }
}
